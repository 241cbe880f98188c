use super::*;
use crate::{OsRandom, SessionToken};

fn record() -> Record {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let token = SessionToken::generate(now, &OsRandom).unwrap();
    Record {
        id: token.id(),
        owner: Owner::new("shop".parse().unwrap(), "ünï 'quoted' {\"$ne\":1}".parse().unwrap()),
        digest: token.digest(),
        previous: Some(Previous { digest: Digest::of(&[7; 32]), until: now }),
        created_at: now,
        last_seen: Timestamp::from_millis(-1),
        authenticated_at: now,
        timeouts: Timeouts {
            idle: Timeout::After(std::time::Duration::from_millis(1)),
            absolute: Timeout::Never,
        },
        methods: Box::new(["pwd".into()]),
        level: 3,
        pending: true,
        metadata: Metadata::new(Some("::1"), None, Some("tablet")).unwrap(),
        data: Data::from_json(r#"{"a":[1.50,null]}"#).unwrap(),
        epoch: 1,
        sequence: u64::MAX,
        generation: 3,
        version: 4,
        write_id: Some([9; 16]),
    }
}

fn decoded(id: SessionId, bytes: &[u8]) -> Option<Record> {
    match decode(id, bytes) {
        Decoded::Record(record) => Some(*record),
        Decoded::Corrupt | Decoded::UnknownVersion(_) => None,
    }
}

#[test]
fn a_record_is_read_back_as_it_was_written() {
    let full = record();
    assert_eq!(decoded(full.id, &encode(&full)), Some(full.clone()));
    let bare = Record {
        previous: None,
        methods: Box::default(),
        metadata: Metadata::default(),
        data: Data::default(),
        write_id: None,
        ..full
    };
    assert_eq!(decoded(bare.id, &encode(&bare)), Some(bare.clone()));
}

#[test]
fn sec_44_every_flipped_bit_is_found_out() {
    let record = record();
    let bytes = encode(&record);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decoded(record.id, &flipped), None, "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert_eq!(decoded(record.id, &bytes[..length]), None, "cut to {length}");
    }
}

#[test]
fn a_record_under_another_key_is_found_out() {
    let (one, two) = (record(), record());
    assert!(matches!(decode(two.id, &encode(&one)), Decoded::Corrupt));
}

#[test]
fn an_unknown_version_is_told_apart_from_corruption() {
    let record = record();
    let mut bytes = encode(&record);
    bytes[0] = 2;
    assert!(matches!(decode(record.id, &bytes), Decoded::UnknownVersion(2)));
}

#[test]
fn fields_of_later_versions_are_skipped() {
    let record = record();
    let mut bytes = encode(&record);
    // One more entry in the CBOR map, under a key that this version does not know.
    assert_eq!(bytes[HEAD] & 0xe0, 0xa0, "a small map");
    bytes[HEAD] += 1;
    bytes.extend_from_slice(&[0x18, 99, 0x63, b'n', b'e', b'w']);
    let sum = checksum(record.id, &bytes[HEAD..]);
    bytes[1..HEAD].copy_from_slice(&sum);
    assert_eq!(decoded(record.id, &bytes), Some(record));
}

#[test]
fn sec_44_no_bytes_make_the_decoder_panic() {
    use proptest::prelude::*;
    let id = record().id;
    proptest!(|(body in proptest::collection::vec(any::<u8>(), 0..200))| {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&checksum(id, &body));
        bytes.extend_from_slice(&body);
        let _ = decode(id, &bytes);
    });
}
