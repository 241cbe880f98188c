//! What the database runs on: what its server says of itself, and whether it keeps what the store rests on.

use std::future::IntoFuture;

use futures::future::try_join_all;
use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};
use sessioning::{OsRandom, Random, Result};

use crate::error::failed;
use crate::owners::whole;
use crate::upsert::upsert;

/// How many increments at once show whether a server loses updates.
const INCREMENTS: i64 = 16;

/// What a database runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Name, version, and what the server is a part of.
    pub what: String,
    /// Which promises do not hold on it.
    pub shortcomings: Vec<&'static str>,
}

impl Server {
    /// `None` when the server does not say what it is.
    pub(crate) async fn look_at(database: &Database, meta: &Collection<Document>) -> Option<Self> {
        let hello = hello(database).await.ok()?;
        let build = database.run_command(doc! { "buildInfo": 1 }).await.unwrap_or_default();
        // Many users may not ask this; then it stays unknown.
        let status = database.run_command(doc! { "serverStatus": 1 }).await.unwrap_or_default();
        Some(Self::of(&hello, &build, &status, is_isolated(meta).await.ok()))
    }

    fn of(hello: &Document, build: &Document, status: &Document, isolated: Option<bool>) -> Self {
        let ferret = build.contains_key("ferretdb") || build.contains_key("ferretdbVersion");
        let version = build.get_str("version").unwrap_or("of unknown version");
        let name = if ferret { "FerretDB, which takes itself for MongoDB" } else { "MongoDB" };
        let (part, alone) = match hello.get_str("setName") {
            Ok(set) => (format!("replica set {set}"), ferret),
            Err(_) if hello.get_str("msg").ok() == Some("isdbgrid") => ("a sharded cluster".into(), false),
            Err(_) => ("one server alone".into(), true),
        };
        let volatile = status
            .get_document("storageEngine")
            .is_ok_and(|engine| engine.get_bool("persistent").ok() == Some(false));
        let shortcomings = [
            (alone, "no majority confirms what is acknowledged: it is as safe as one server's disk"),
            (volatile, "everything is in memory alone: a restart of the server ends every session"),
            (
                isolated == Some(false),
                "updates at the same time are lost: limits are not exact, and \"log out everywhere\" may miss a login",
            ),
        ];
        let shortcomings = shortcomings.into_iter().filter(|(holds, _)| *holds).map(|(_, what)| what);
        Self { what: format!("{name} {version}, {part}"), shortcomings: shortcomings.collect() }
    }
}

/// What the server says of its part, and of the time.
pub(crate) async fn hello(database: &Database) -> Result<Document> {
    match database.run_command(doc! { "hello": 1 }).await {
        Ok(answer) => Ok(answer),
        // Servers from before 4.4.2 know the older name alone.
        Err(_) => database.run_command(doc! { "isMaster": 1 }).await.map_err(failed),
    }
}

/// Whether increments of one document at the same time are all counted.
async fn is_isolated(meta: &Collection<Document>) -> Result<bool> {
    let mut random = [0; 8];
    OsRandom.fill(&mut random)?;
    let key = doc! { "_id": format!("probe {:016x}", u64::from_ne_bytes(random)) };
    let increment = |_| {
        upsert(|| {
            let one = doc! { "$inc": { "count": 1_i64 } };
            meta.update_one(key.clone(), one).upsert(true).into_future()
        })
    };
    try_join_all((0..INCREMENTS).map(increment)).await.map_err(failed)?;
    let counted = meta.find_one(key.clone()).await.map_err(failed)?;
    meta.delete_one(key.clone()).await.map_err(failed)?;
    let count = counted.as_ref().and_then(|counted| counted.get("count")).and_then(whole);
    Ok(count == Some(INCREMENTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(hello: &Document, build: &Document, isolated: bool) -> Server {
        Server::of(hello, build, &Document::new(), Some(isolated))
    }

    #[test]
    fn a_server_is_named_with_what_it_is_a_part_of() {
        let build = doc! { "version": "7.0.14" };
        let set = server(&doc! { "setName": "rs0" }, &build, true);
        assert_eq!((set.what.as_str(), set.shortcomings.len()), ("MongoDB 7.0.14, replica set rs0", 0));
        let cluster = server(&doc! { "msg": "isdbgrid" }, &build, true);
        assert_eq!(
            (cluster.what.as_str(), cluster.shortcomings.len()),
            ("MongoDB 7.0.14, a sharded cluster", 0)
        );
    }

    #[test]
    fn a_server_on_which_promises_do_not_hold_is_named_as_such() {
        let alone = server(&Document::new(), &doc! { "version": "7.0.14" }, true);
        assert_eq!(alone.what, "MongoDB 7.0.14, one server alone");
        assert!(alone.shortcomings[0].starts_with("no majority"), "{alone:?}");
        // A set that it claims to be replicates nothing.
        let ferret = doc! { "version": "7.0.42", "ferretdbVersion": "v1.24.0" };
        let ferret = server(&doc! { "setName": "rs0" }, &ferret, false);
        assert!(ferret.what.starts_with("FerretDB"), "{ferret:?}");
        assert!(ferret.shortcomings[0].starts_with("no majority"), "{ferret:?}");
        assert!(ferret.shortcomings[1].starts_with("updates at the same time are lost"), "{ferret:?}");
        let status = doc! { "storageEngine": { "name": "inMemory", "persistent": false } };
        let volatile = Server::of(&doc! { "setName": "rs0" }, &Document::new(), &status, None);
        assert!(volatile.shortcomings[0].starts_with("everything is in memory"), "{volatile:?}");
    }
}
