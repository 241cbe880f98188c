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
        metadata: Metadata::new(Some("::1"), None, Some("tablet")),
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

/// A record as a later version may write it: with more entries in the map, under keys that this one does not know.
fn with_later_fields(record: &Record) -> Vec<u8> {
    let mut bytes = encode(record);
    assert_eq!(bytes[HEAD] & 0xe0, 0xa0, "a small map");
    bytes[HEAD] += 2;
    bytes.extend_from_slice(&LATER);
    let sum = checksum(record.id, &bytes[HEAD..]);
    bytes[1..HEAD].copy_from_slice(&sum);
    bytes
}

/// 20: {1: [2]}, 99: "new".
const LATER: [u8; 11] = [20, 0xa1, 1, 0x81, 2, 0x18, 99, 0x63, b'n', b'e', b'w'];

#[test]
fn fields_of_later_versions_are_skipped() {
    let record = record();
    assert_eq!(decoded(record.id, &with_later_fields(&record)), Some(record));
}

#[test]
fn fields_of_later_versions_survive_a_change_by_this_one() {
    let full = record();
    let stored = with_later_fields(&full);
    let bare = Record { level: 0, previous: None, methods: Box::default(), ..full.clone() };
    let changed = encode_over(&bare, &stored);
    assert_eq!(decoded(full.id, &changed), Some(bare.clone()));
    let again = encode_over(&full, &changed);
    assert_eq!(again, stored);
    // And without any, nothing changes.
    assert_eq!(encode_over(&bare, &encode(&full)), encode(&bare));
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
