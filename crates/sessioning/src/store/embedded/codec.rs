//! A record as bytes: a version, a checksum, and a CBOR map with integer keys, so that later fields need no
//! migration.

use minicbor::{Decode, Encode};

use crate::session::Previous;
use crate::{Data, Digest, Metadata, Owner, Record, SessionId, Timeout, Timeouts, Timestamp};

const VERSION: u8 = 1;
const HEAD: usize = 1 + 4;

/// What bytes turned out to be.
#[derive(Debug)]
pub(super) enum Decoded {
    Record(Box<Record>),
    Corrupt,
    UnknownVersion(u8),
}

pub(super) fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    // Writing to a Vec cannot fail.
    let _ = minicbor::encode(Fields::of(record), &mut bytes);
    let sum = checksum(record.id, &bytes[HEAD..]);
    bytes[0] = VERSION;
    bytes[1..HEAD].copy_from_slice(&sum);
    bytes
}

/// The same, with those fields of what is stored that a later version put there and this one does not know.
pub(super) fn encode_over(record: &Record, stored: &[u8]) -> Vec<u8> {
    let mut bytes = encode(record);
    let later = stored.get(HEAD..).and_then(later_fields).filter(|later| later.count > 0);
    let Some(later) = later else { return bytes };
    let mut known = minicbor::Decoder::new(&bytes[HEAD..]);
    let Ok(Some(count)) = known.map() else { return bytes };
    let fields = bytes.split_off(HEAD + known.position());
    bytes.truncate(HEAD);
    // Writing to a Vec cannot fail.
    let _ = minicbor::Encoder::new(&mut bytes).map(count + later.count);
    bytes.extend_from_slice(&fields);
    bytes.extend_from_slice(&later.bytes);
    let sum = checksum(record.id, &bytes[HEAD..]);
    bytes[1..HEAD].copy_from_slice(&sum);
    bytes
}

/// Fields as they are written, keys and values, and how many.
struct Later {
    count: u64,
    bytes: Vec<u8>,
}

/// The fields in a record's body whose keys this version does not know; `None` if it is no map of ours.
fn later_fields(body: &[u8]) -> Option<Later> {
    let mut fields = minicbor::Decoder::new(body);
    let mut later = Later { count: 0, bytes: Vec::new() };
    for _ in 0..fields.map().ok()?? {
        let start = fields.position();
        let key = fields.u64().ok()?;
        fields.skip().ok()?;
        if key > LAST_FIELD {
            later.count += 1;
            later.bytes.extend_from_slice(body.get(start..fields.position())?);
        }
    }
    Some(later)
}

pub(super) fn decode(id: SessionId, bytes: &[u8]) -> Decoded {
    let Some((head, body)) = bytes.split_at_checked(HEAD) else { return Decoded::Corrupt };
    if head[0] != VERSION {
        return Decoded::UnknownVersion(head[0]);
    }
    if head[1..] != checksum(id, body) {
        return Decoded::Corrupt;
    }
    let fields = minicbor::decode::<Fields<'_>>(body).ok();
    fields
        .and_then(|fields| fields.into_record(id))
        .map_or(Decoded::Corrupt, |record| Decoded::Record(Box::new(record)))
}

/// Over the id, too, so that a record under another one's key is found out.
fn checksum(id: SessionId, body: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id.as_bytes());
    hasher.update(body);
    hasher.finalize().to_be_bytes()
}

/// The highest key of a field below.
const LAST_FIELD: u64 = 19;

/// The keys are the format: never reuse one.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Fields<'a> {
    #[b(0)]
    namespace: &'a str,
    #[b(1)]
    user: &'a str,
    #[cbor(n(2), with = "minicbor::bytes")]
    digest: [u8; 32],
    #[cbor(n(3), with = "minicbor::bytes")]
    previous_digest: Option<[u8; 32]>,
    #[n(4)]
    previous_until: Option<i64>,
    #[n(5)]
    created_at: i64,
    #[n(6)]
    last_seen: i64,
    #[n(7)]
    authenticated_at: i64,
    /// Milliseconds; missing is never.
    #[n(8)]
    idle_timeout: Option<u64>,
    #[n(9)]
    absolute_timeout: Option<u64>,
    #[b(10)]
    methods: Option<Vec<&'a str>>,
    #[n(11)]
    level: u8,
    #[n(12)]
    pending: bool,
    #[b(13)]
    metadata: Option<MetadataFields<'a>>,
    /// JSON text.
    #[b(14)]
    data: Option<std::borrow::Cow<'a, str>>,
    #[n(15)]
    epoch: u64,
    #[n(16)]
    sequence: u64,
    #[n(17)]
    generation: u64,
    #[n(18)]
    version: u64,
    #[cbor(n(19), with = "minicbor::bytes")]
    write_id: Option<[u8; 16]>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MetadataFields<'a> {
    #[b(0)]
    ip: Option<&'a str>,
    #[b(1)]
    user_agent: Option<&'a str>,
    #[b(2)]
    label: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(record: &'a Record) -> Self {
        let metadata = &record.metadata;
        Self {
            namespace: record.owner.namespace().as_str(),
            user: record.owner.user().as_str(),
            digest: *record.digest.as_bytes(),
            previous_digest: record.previous.as_ref().map(|previous| *previous.digest.as_bytes()),
            previous_until: record.previous.as_ref().map(|previous| previous.until.as_millis()),
            created_at: record.created_at.as_millis(),
            last_seen: record.last_seen.as_millis(),
            authenticated_at: record.authenticated_at.as_millis(),
            idle_timeout: millis(record.timeouts.idle),
            absolute_timeout: millis(record.timeouts.absolute),
            methods: some_unless(
                record.methods.is_empty(),
                record.methods.iter().map(AsRef::as_ref).collect(),
            ),
            level: record.level,
            pending: record.pending,
            metadata: some_unless(
                *metadata == Metadata::default(),
                MetadataFields {
                    ip: metadata.ip(),
                    user_agent: metadata.user_agent(),
                    label: metadata.label(),
                },
            ),
            data: some_unless(record.data.is_empty(), record.data.to_json().into()),
            epoch: record.epoch,
            sequence: record.sequence,
            generation: record.generation,
            version: record.version,
            write_id: record.write_id,
        }
    }

    /// `None` where a field holds what no version of ours wrote.
    fn into_record(self, id: SessionId) -> Option<Record> {
        let metadata = match self.metadata {
            Some(fields) => Metadata::new(fields.ip, fields.user_agent, fields.label),
            None => Metadata::default(),
        };
        let data = match self.data {
            // The checksum tells that it is what was encoded.
            Some(text) => Data::from_kept(&text),
            None => Data::default(),
        };
        let previous = self.previous_digest.zip(self.previous_until).map(|(digest, until)| Previous {
            digest: Digest::from_bytes(digest),
            until: Timestamp::from_millis(until),
        });
        Some(Record {
            id,
            owner: Owner::new(self.namespace.parse().ok()?, self.user.parse().ok()?),
            digest: Digest::from_bytes(self.digest),
            previous,
            created_at: Timestamp::from_millis(self.created_at),
            last_seen: Timestamp::from_millis(self.last_seen),
            authenticated_at: Timestamp::from_millis(self.authenticated_at),
            timeouts: Timeouts { idle: timeout(self.idle_timeout), absolute: timeout(self.absolute_timeout) },
            methods: self.methods.unwrap_or_default().into_iter().map(Box::from).collect(),
            level: self.level,
            pending: self.pending,
            metadata,
            data,
            epoch: self.epoch,
            sequence: self.sequence,
            generation: self.generation,
            version: self.version,
            write_id: self.write_id,
        })
    }
}

fn some_unless<T>(absent: bool, value: T) -> Option<T> {
    (!absent).then_some(value)
}

fn millis(timeout: Timeout) -> Option<u64> {
    match timeout {
        Timeout::After(duration) => Some(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        Timeout::Never => None,
    }
}

fn timeout(millis: Option<u64>) -> Timeout {
    millis.map_or(Timeout::Never, |millis| Timeout::After(std::time::Duration::from_millis(millis)))
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
