//! A record as a document, in either layout. The names of fields are the format: never give one another meaning.
//!
//! In the concept layout everything of ours is in one field, `sessioning`: whatever else a document has is another
//! program's, whatever its name, and neither read nor written.

use std::time::Duration;

use mongodb::bson::{
    Binary, Bson, DateTime, Document, Uuid, deserialize_from_document, doc, serialize_to_document,
    spec::BinarySubtype,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sessioning::{
    Data, Digest, Metadata, Namespace, Owner, Previous, Record, Result, SessionId, SessionToken, Timeout,
    Timeouts, Timestamp,
};

use crate::Layout;
use crate::error::unavailable;
use crate::owners::whole;

/// The field of the concept layout that has everything of ours.
pub(crate) const OURS: &str = "sessioning";
/// What stands beside it once more, for people and for programs that look: where the name is free when we first
/// write, and as long as nobody else writes it.
const TOLD: [&str; 3] = ["createdAt", "lastSeen", "expiresAt"];

/// The fields of a document. What the original writes has `_id` and `user` alone.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    /// The session's id; in the concept layout its token.
    #[serde(rename = "_id")]
    key: Bson,
    /// The session's id, in the concept layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Binary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_digest: Option<Binary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_until: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_seen: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authenticated_at: Option<DateTime>,
    /// When its own timeouts end it. For purging and for people: what counts is decided from the other fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime>,
    /// Milliseconds; missing is never.
    #[serde(default, deserialize_with = "number_or_none", skip_serializing_if = "Option::is_none")]
    idle_timeout: Option<i64>,
    #[serde(default, deserialize_with = "number_or_none", skip_serializing_if = "Option::is_none")]
    absolute_timeout: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    methods: Vec<String>,
    #[serde(default, deserialize_with = "number", skip_serializing_if = "is_zero")]
    level: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<MetadataFields>,
    /// JSON text: numbers keep every digit that the application wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(default, deserialize_with = "number")]
    epoch: i64,
    #[serde(default, deserialize_with = "number")]
    sequence: i64,
    #[serde(default, deserialize_with = "number_or_none", skip_serializing_if = "Option::is_none")]
    generation: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    write_id: Option<Binary>,
    /// Not a session yet: since then it waits to be counted against its owner's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arriving: Option<DateTime>,
}

/// A whole number in whichever type it is: other drivers and shells write them back as doubles.
fn number<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<i64, D::Error> {
    whole(&Bson::deserialize(from)?).ok_or_else(|| D::Error::custom("no whole number"))
}

fn number_or_none<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<i64>, D::Error> {
    match Bson::deserialize(from)? {
        Bson::Null => Ok(None),
        some => whole(&some).map(Some).ok_or_else(|| D::Error::custom("no whole number")),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// A record as it was found.
pub(crate) struct Found {
    pub(crate) record: Record,
    /// Since when it is not a session yet.
    pub(crate) arriving: Option<Timestamp>,
}

/// How records become documents and are found again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codec {
    pub(crate) layout: Layout,
    pub(crate) legacy_max_age: Option<Duration>,
    /// The timeouts of what the original wrote, from its first sight on.
    pub(crate) adopted: Timeouts,
}

impl Codec {
    /// The field that holds the session's id.
    pub(crate) fn id_field(self) -> &'static str {
        match self.layout {
            Layout::Native => "_id",
            Layout::Concept => "sessioning.publicId",
        }
    }

    /// Where a field of ours is.
    pub(crate) fn field(self, name: &str) -> String {
        match self.layout {
            Layout::Native => name.into(),
            Layout::Concept => format!("{OURS}.{name}"),
        }
    }

    /// Where a document of our own tells the same once more.
    pub(crate) fn beside(self, name: &str) -> Option<String> {
        (self.layout == Layout::Concept && TOLD.contains(&name)).then(|| name.into())
    }

    /// A field of ours in a document.
    pub(crate) fn value<'a>(self, document: &'a Document, name: &str) -> Option<&'a Bson> {
        match self.layout {
            Layout::Native => document.get(name),
            Layout::Concept => document.get_document(OURS).ok()?.get(name),
        }
    }

    /// The names under which a document tells once more what our field says, and nobody has written anything else.
    pub(crate) fn told(self, document: &Document) -> Vec<&'static str> {
        if self.layout == Layout::Native {
            return Vec::new();
        }
        let same = |name: &&str| {
            document.get(*name).is_some_and(|beside| self.value(document, name) == Some(beside))
        };
        TOLD.into_iter().filter(same).collect()
    }

    pub(crate) fn by_id(self, id: SessionId) -> Document {
        doc! { self.id_field(): uuid(id) }
    }

    pub(crate) fn of_owner(self, owner: &Owner) -> Document {
        let user = owner.user().as_str();
        match self.layout {
            Layout::Native => doc! { "namespace": owner.namespace().as_str(), "user": user },
            Layout::Concept => doc! { "user": user },
        }
    }

    pub(crate) fn encode(self, record: &Record, arriving: Option<Timestamp>) -> Result<Document> {
        let kept = || SessionToken::restore(record.id, &record.digest).expose();
        let (key, native) = match self.layout {
            Layout::Native => (Bson::from(uuid(record.id)), true),
            Layout::Concept => (Bson::String(kept().to_string()), false),
        };
        let fields = Fields {
            key,
            public_id: (!native).then(|| uuid(record.id)),
            namespace: native.then(|| record.owner.namespace().as_str().to_owned()),
            user: record.owner.user().as_str().to_owned(),
            digest: native.then(|| binary(record.digest.as_bytes())),
            generation: Some(signed(record.generation)),
            epoch: signed(record.epoch),
            sequence: signed(record.sequence),
            version: signed(record.version),
            created_at: Some(date(record.created_at)),
            last_seen: Some(date(record.last_seen)),
            // What never arrives is purged, even if the session itself would never end.
            expires_at: arriving.or(record.ends_at()).map(date),
            arriving: arriving.map(date),
            ..Fields::changeable(record)
        };
        let document = serialize_to_document(&fields).map_err(unavailable)?;
        Ok(if native { document } else { nested(document) })
    }

    /// What is added to a document of the original when it is first seen: nothing that is there already.
    pub(crate) fn first_sight(self, document: &Document, id: SessionId, now: Timestamp) -> Document {
        let ends = [self.adopted.idle, self.adopted.absolute].into_iter().min();
        let mut added =
            doc! { "publicId": uuid(id), "createdAt": date(now), "lastSeen": date(now), "version": 0_i64 };
        let timeouts = [("idleTimeout", self.adopted.idle), ("absoluteTimeout", self.adopted.absolute)];
        added.extend(
            timeouts.into_iter().filter_map(|(name, timeout)| Some((name.into(), millis(timeout)?.into()))),
        );
        if let Some(end) = ends.and_then(|timeout| timeout.deadline(now)) {
            added.insert("expiresAt", date(end));
        }
        let free = told_of(&added).into_iter().filter(|(name, _)| !document.contains_key(name));
        let mut document: Document = free.collect();
        document.insert(OURS, added);
        document
    }

    /// What a replace sets, and what it takes away.
    pub(crate) fn changes(self, record: &Record) -> Result<(Document, Document)> {
        let mut set = serialize_to_document(&Fields::changeable(record)).map_err(unavailable)?;
        for own in ["_id", "user", "epoch", "sequence", "version"] {
            set.remove(own);
        }
        let optional = [
            "previousDigest",
            "previousUntil",
            "idleTimeout",
            "absoluteTimeout",
            "methods",
            "level",
            "pending",
            "metadata",
            "data",
            "writeId",
        ];
        let missing = optional.iter().filter(|name| !set.contains_key(**name));
        let unset = missing.map(|name| (self.field(name), Bson::from(""))).collect();
        let mut set: Document = set.into_iter().map(|(name, value)| (self.field(&name), value)).collect();
        if self.layout == Layout::Native {
            set.insert("digest", binary(record.digest.as_bytes()));
        }
        Ok((set, unset))
    }

    /// `None` for a document that is no session of anybody: another program may write what it likes.
    ///
    /// `now` stands in for the times that a document of the original does not have.
    pub(crate) fn decode(self, document: Document, now: Timestamp) -> Option<Found> {
        let document = if self.layout == Layout::Native { document } else { flat(document)? };
        let mut fields: Fields = deserialize_from_document(document).ok()?;
        if self.layout == Layout::Concept && fields.created_at.is_none() {
            fields.idle_timeout = millis(self.adopted.idle);
            fields.absolute_timeout = millis(self.adopted.absolute);
        }
        let arriving = fields.arriving.map(moment);
        let (id, namespace, digest, issued) = match self.layout {
            Layout::Native => {
                let id = id(&fields.key)?;
                let digest = bytes32(fields.digest.as_ref()?)?;
                (id, fields.namespace.as_deref()?.parse().ok()?, Digest::from_bytes(digest), None)
            }
            Layout::Concept => {
                let Bson::String(text) = &fields.key else { return None };
                let token = token(text)?;
                (
                    token.id(),
                    Namespace::default(),
                    token.kept(sessioning::store::Keeps::Tokens),
                    issued_at(text),
                )
            }
        };
        let mut record = fields.into_record(id, namespace, digest, now)?;
        if let (Some(issued), Some(max_age)) = (issued, self.legacy_max_age) {
            // Its age counts from the date in its UUID; the record's own age from when it was first seen.
            let left = issued.after(max_age).as_millis().saturating_sub(record.created_at.as_millis());
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            record.timeouts.absolute = record.timeouts.absolute.min(Timeout::After(left));
        }
        Some(Found { record, arriving })
    }
}

/// A document of the concept layout from one with all fields side by side.
fn nested(mut ours: Document) -> Document {
    let mut document = Document::new();
    for name in ["_id", "user"] {
        document.extend(ours.remove(name).map(|value| (name.to_owned(), value)));
    }
    document.extend(told_of(&ours));
    document.insert(OURS, ours);
    document
}

/// The other way round; `None` if what is in our field's place is none of ours.
fn flat(mut document: Document) -> Option<Document> {
    let mut fields = match document.remove(OURS) {
        None => Document::new(),
        Some(Bson::Document(ours)) => ours,
        Some(_) => return None,
    };
    for name in ["_id", "user"] {
        fields.insert(name, document.remove(name)?);
    }
    Some(fields)
}

fn told_of(ours: &Document) -> Document {
    TOLD.into_iter().filter_map(|name| Some((name.to_owned(), ours.get(name)?.clone()))).collect()
}

impl Fields {
    /// The fields that a replace may change; the others empty.
    fn changeable(record: &Record) -> Self {
        let metadata = &record.metadata;
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            key: Bson::Null,
            public_id: None,
            namespace: None,
            user: String::new(),
            digest: None,
            previous_digest: record.previous.as_ref().map(|previous| binary(previous.digest.as_bytes())),
            previous_until: record.previous.as_ref().map(|previous| date(previous.until)),
            created_at: None,
            last_seen: None,
            authenticated_at: Some(date(record.authenticated_at)),
            expires_at: None,
            idle_timeout: millis(record.timeouts.idle),
            absolute_timeout: millis(record.timeouts.absolute),
            methods: record.methods.iter().map(ToString::to_string).collect(),
            level: record.level.into(),
            pending: record.pending,
            metadata: (*metadata != Metadata::default()).then(|| MetadataFields {
                ip: text(metadata.ip()),
                user_agent: text(metadata.user_agent()),
                label: text(metadata.label()),
            }),
            data: (!record.data.is_empty()).then(|| record.data.to_json().to_string()),
            epoch: 0,
            sequence: 0,
            generation: None,
            version: 0,
            write_id: record.write_id.map(|id| binary(&id)),
            arriving: None,
        }
    }

    fn into_record(
        self,
        id: SessionId,
        namespace: Namespace,
        digest: Digest,
        now: Timestamp,
    ) -> Option<Record> {
        let metadata = match self.metadata {
            Some(MetadataFields { ip, user_agent, label }) => {
                Metadata::new(ip.as_deref(), user_agent.as_deref(), label.as_deref())
            }
            None => Metadata::default(),
        };
        let data = match self.data {
            Some(text) => Data::from_json(&text).ok()?,
            None => Data::default(),
        };
        let previous = match (self.previous_digest, self.previous_until) {
            (Some(digest), Some(until)) => {
                Some(Previous { digest: Digest::from_bytes(bytes32(&digest)?), until: moment(until) })
            }
            _ => None,
        };
        let write_id = match self.write_id {
            Some(id) => Some(id.bytes.as_slice().try_into().ok()?),
            None => None,
        };
        let created_at = self.created_at.map_or(now, moment);
        Some(Record {
            id,
            owner: Owner::new(namespace, self.user.parse().ok()?),
            digest,
            previous,
            created_at,
            last_seen: self.last_seen.map_or(created_at, moment),
            authenticated_at: self.authenticated_at.map_or(created_at, moment),
            timeouts: Timeouts { idle: timeout(self.idle_timeout), absolute: timeout(self.absolute_timeout) },
            methods: self.methods.into_iter().map(String::into_boxed_str).collect(),
            level: u8::try_from(self.level).ok()?,
            pending: self.pending,
            metadata,
            data,
            epoch: unsigned(self.epoch),
            sequence: unsigned(self.sequence),
            // What the original wrote is of no generation: revoking everyone deletes it.
            generation: self.generation.map_or(u64::MAX, unsigned),
            version: unsigned(self.version),
            write_id,
        })
    }
}

/// A token in the concept layout: ours, or one of the original.
pub(crate) fn token(text: &str) -> Option<SessionToken> {
    SessionToken::parse(text).or_else(|_| SessionToken::import(text)).ok()
}

/// The date in a UUID of version 7, where the text is one.
pub(crate) fn issued_at(text: &str) -> Option<Timestamp> {
    let uuid = uuid::Uuid::try_parse(text).ok().filter(|uuid| uuid.get_version_num() == 7)?;
    let millis = uuid.as_u64_pair().0 >> 16;
    Some(Timestamp::from_millis(i64::try_from(millis).ok()?))
}

pub(crate) fn uuid(id: SessionId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}

pub(crate) fn date(moment: Timestamp) -> DateTime {
    DateTime::from_millis(moment.as_millis())
}

fn moment(date: DateTime) -> Timestamp {
    Timestamp::from_millis(date.timestamp_millis())
}

pub(crate) fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

pub(crate) fn bytes32(binary: &Binary) -> Option<[u8; 32]> {
    binary.bytes.as_slice().try_into().ok()
}

/// The session's id that a value is.
pub(crate) fn id(bson: &Bson) -> Option<SessionId> {
    match bson {
        Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes }) => {
            SessionId::from_bytes(bytes.as_slice().try_into().ok()?)
        }
        _ => None,
    }
}

fn millis(timeout: Timeout) -> Option<i64> {
    match timeout {
        Timeout::After(duration) => Some(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        Timeout::Never => None,
    }
}

fn timeout(millis: Option<i64>) -> Timeout {
    millis.map_or(Timeout::Never, |millis| Timeout::After(Duration::from_millis(unsigned(millis))))
}

pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
