//! A server that speaks MongoDB's protocol and answers what a test wants: what no server does on demand, such as being
//! deposed. Whatever the test leaves open it answers as an empty replica set would.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mongodb::bson::{Bson, DateTime, Document, doc};
use sessioning_mongodb::{Layout, MongoDb, MongoSettings};

type Answer = dyn Fn(&Document) -> Option<Document> + Send + Sync;

pub struct Fake {
    address: String,
    heard: Arc<Mutex<Vec<Document>>>,
}

impl Fake {
    pub fn start(answer: impl Fn(&Document) -> Option<Document> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (heard, answer): (Arc<Mutex<Vec<_>>>, Arc<Answer>) = (Arc::default(), Arc::new(answer));
        let (all, own) = (Arc::clone(&heard), address.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, own, answer) = (Arc::clone(&all), own.clone(), Arc::clone(&answer));
                std::thread::spawn(move || converse(&stream.unwrap(), &all, &own, &*answer));
            }
        });
        Self { address, heard }
    }

    /// A store over it that is ready.
    pub async fn store(&self, layout: Layout) -> MongoDb {
        let store = self.unprepared(layout);
        store.prepare().await.unwrap();
        store
    }

    pub fn unprepared(&self, layout: Layout) -> MongoDb {
        let url = format!("mongodb://{}/app", self.address).parse().unwrap();
        let (deadline, everyone_within) = (Duration::from_secs(3), Duration::from_millis(500));
        MongoDb::new(MongoSettings { layout, deadline, everyone_within, ..MongoSettings::new(url) })
    }

    /// The commands about a collection, in the order in which they came.
    pub fn heard(&self, collection: &str) -> Vec<Document> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|command| about(command) == collection).cloned().collect()
    }
}

/// What a command is called.
pub fn name(command: &Document) -> &str {
    command.keys().next().unwrap()
}

/// The collection that it is about.
pub fn about(command: &Document) -> &str {
    command.get_str(name(command)).unwrap_or_default()
}

/// Whether it reads what a majority confirms while it waits.
pub fn is_linearizable(command: &Document) -> bool {
    command
        .get_document("readConcern")
        .is_ok_and(|concern| concern.get_str("level").ok() == Some("linearizable"))
}

pub fn failure(code: i32) -> Document {
    doc! { "ok": 0, "code": code, "codeName": "Scripted", "errmsg": "scripted" }
}

pub fn found(document: impl Into<Option<Document>>) -> Document {
    let batch: Vec<Document> = document.into().into_iter().collect();
    doc! { "ok": 1, "cursor": { "id": 0_i64, "ns": "app.c", "firstBatch": batch } }
}

/// What a member of a replica set answers, in general.
fn usual(command: &Document, own: &str) -> Document {
    match name(command) {
        "hello" | "isMaster" | "ismaster" => doc! {
            "ok": 1, "ismaster": true, "isWritablePrimary": true, "helloOk": true, "setName": "rs0", "setVersion": 1,
            "hosts": [own], "me": own, "primary": own, "minWireVersion": 0, "maxWireVersion": 21,
            "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
            "logicalSessionTimeoutMinutes": 30, "localTime": DateTime::now(),
        },
        "buildInfo" => doc! { "ok": 1, "version": "7.0.14" },
        "find" => match command.get_document("filter").unwrap().get("_id") {
            Some(Bson::String(id)) if id.starts_with("probe") => found(doc! { "_id": id, "count": 16 }),
            _ => found(None),
        },
        "findAndModify" if command.get_bool("upsert").unwrap_or(false) => {
            let id = command.get_document("query").unwrap().get("_id").cloned();
            doc! { "ok": 1, "value": { "_id": id, "format": 1, "epoch": 1_i64, "sequence": 2_i64,
            "key": mongodb::bson::Binary { subtype: 0.into(), bytes: vec![7; 32] } } }
        }
        "findAndModify" => doc! { "ok": 1, "value": null },
        "update" => doc! { "ok": 1, "n": 1, "nModified": 1 },
        "insert" => doc! { "ok": 1, "n": 1 },
        "delete" => doc! { "ok": 1, "n": 0 },
        _ => doc! { "ok": 1 },
    }
}

fn converse(mut stream: &TcpStream, heard: &Mutex<Vec<Document>>, own: &str, answer: &Answer) {
    let mut head = [0; 16];
    while stream.read_exact(&mut head).is_ok() {
        let length = u32::from_le_bytes(head[..4].try_into().unwrap());
        let mut body = vec![0; length as usize - head.len()];
        stream.read_exact(&mut body).unwrap();
        let command = read(&body[4..]);
        heard.lock().unwrap().push(command.clone());
        let answer = answer(&command).unwrap_or_else(|| usual(&command, own)).to_vec().unwrap();
        let mut message = u32::try_from(16 + 5 + answer.len()).unwrap().to_le_bytes().to_vec();
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&head[4..8]);
        message.extend_from_slice(&2013_i32.to_le_bytes());
        message.extend_from_slice(&[0; 5]);
        message.extend_from_slice(&answer);
        if stream.write_all(&message).is_err() {
            return;
        }
    }
}

/// The command of a message: its body, with lists of documents that are sent next to it put in.
fn read(mut sections: &[u8]) -> Document {
    let (mut command, mut lists) = (Document::new(), Document::new());
    while let [kind, rest @ ..] = sections {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let (section, others) = rest.split_at(length);
        match kind {
            0 => command = Document::from_reader(section).unwrap(),
            _ => {
                let end = 4 + section[4..].iter().position(|byte| *byte == 0).unwrap();
                let (name, mut list) = (String::from_utf8_lossy(&section[4..end]), &section[end + 1..]);
                let mut documents = Vec::new();
                while !list.is_empty() {
                    documents.push(Document::from_reader(&mut list).unwrap());
                }
                lists.insert(name, documents);
            }
        }
        sections = others;
    }
    command.extend(lists);
    command
}
