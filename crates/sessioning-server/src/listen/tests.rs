use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::connection::{Asked, Phase};
use super::*;
use crate::metrics::Metrics;

fn connections(most: usize, per_address: usize) -> Arc<Connections> {
    counted(most, per_address).0
}

fn counted(most: usize, per_address: usize) -> (Arc<Connections>, ConnectionCounts) {
    let bounds = Bounds {
        connections: most,
        per_address,
        keep_alive: "120s".parse().unwrap(),
        write: Timeout::Never,
        stop: Stop { delay: Duration::ZERO, drain: Timeout::Never },
        trusted: vec!["10.0.0.0/8".parse().unwrap(), "unix".parse().unwrap()],
    };
    let counts = Metrics::default().connections("public", most);
    (Connections::new(bounds, counts.clone()), counts)
}

fn from(address: &str) -> Peer {
    Peer::Address(address.parse().unwrap())
}

fn admitted(connections: &Arc<Connections>, peer: Peer) -> Option<Place> {
    match connections.try_admit(peer) {
        Admission::In(place) => Some(place),
        Admission::Full | Admission::Refused => None,
    }
}

fn busy(connections: &Arc<Connections>, peer: Peer) -> Option<Place> {
    admitted(connections, peer).inspect(|place| place.connection.enter(Phase::Busy))
}

#[test]
fn sec_36_one_address_takes_its_share_of_the_connections_and_no_more() {
    let connections = connections(100, 2);
    let mut held: Vec<_> =
        ["192.0.2.1", "::ffff:192.0.2.1"].map(|peer| busy(&connections, from(peer)).unwrap()).into();
    assert!(matches!(connections.try_admit(from("192.0.2.1")), Admission::Refused));
    held.push(busy(&connections, from("192.0.2.2")).unwrap());
    // An IPv6 /64 is one customer's.
    held.extend(["2001:db8::1", "2001:db8::2"].map(|peer| busy(&connections, from(peer)).unwrap()));
    assert!(matches!(connections.try_admit(from("2001:db8::3")), Admission::Refused));
    held.push(busy(&connections, from("2001:db8:0:1::3")).unwrap());
    held.remove(0);
    assert!(busy(&connections, from("192.0.2.1")).is_some(), "one that ended frees its place");
}

#[test]
fn sec_36_this_machine_sockets_and_trusted_proxies_have_no_share() {
    let connections = connections(100, 1);
    for peer in [from("127.0.0.1"), from("::1"), from("::ffff:127.0.0.2"), from("10.1.2.3"), Peer::Unix] {
        let held: Vec<_> = (0..5).map_while(|_| busy(&connections, peer)).collect();
        assert_eq!(held.len(), 5, "{peer:?}");
    }
}

#[test]
fn sec_36_a_connection_that_showed_a_good_key_does_not_count() {
    let connections = connections(100, 1);
    let first = busy(&connections, from("192.0.2.1")).unwrap();
    assert!(busy(&connections, from("192.0.2.1")).is_none());
    first.connection.count_no_more();
    first.connection.count_no_more();
    let second = busy(&connections, from("192.0.2.1")).unwrap();
    assert!(busy(&connections, from("192.0.2.1")).is_none(), "said twice it counts once");
    drop(first);
    assert!(busy(&connections, from("192.0.2.1")).is_none(), "its end frees nothing of the share");
    drop(second);
    assert!(busy(&connections, from("192.0.2.1")).is_some());
}

#[test]
fn the_longest_idle_connection_makes_room_and_one_with_a_good_key_last() {
    let connections = connections(4, 4);
    let held: Vec<_> = (0..4)
        .map(|tick| {
            connections.sweep(tick);
            admitted(&connections, from("192.0.2.1")).unwrap()
        })
        .collect();
    held[0].connection.count_no_more();
    held[1].connection.enter(Phase::Busy);
    for expected in [2, 3, 0] {
        let asked = |place: &Place| place.connection.asked() == Asked::Finish;
        let before = held.iter().filter(|place| asked(place)).count();
        assert!(matches!(connections.try_admit(from("192.0.2.9")), Admission::Full));
        assert!(asked(&held[expected]), "{expected}");
        assert_eq!(held.iter().filter(|place| asked(place)).count(), before + 1);
    }
    assert!(matches!(connections.try_admit(from("192.0.2.9")), Admission::Full));
    assert_eq!(held[1].connection.asked(), Asked::Nothing, "a busy one is left alone");
}

#[test]
fn a_head_that_comes_slowly_makes_room_before_callers_with_a_good_key() {
    let (connections, counts) = counted(3, 3);
    let held =
        ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|peer| admitted(&connections, from(peer)).unwrap());
    held[0].connection.count_no_more();
    held[1].connection.enter(Phase::Head);
    held[2].connection.enter(Phase::Busy);
    connections.sweep(1_000);
    assert!(matches!(connections.try_admit(from("192.0.2.9")), Admission::Full));
    assert_eq!((held[0].connection.asked(), held[1].connection.asked()), (Asked::Nothing, Asked::Cut));
    assert!(matches!(connections.try_admit(from("192.0.2.9")), Admission::Full));
    assert_eq!(held[0].connection.asked(), Asked::Finish);
    assert_eq!((held[2].connection.asked(), counts.full.get()), (Asked::Nothing, 0));
    assert!(matches!(connections.try_admit(from("192.0.2.9")), Admission::Full));
    assert_eq!(counts.full.get(), 1, "nothing is left that could make room");
}

#[test]
fn an_address_with_its_share_makes_room_among_its_own() {
    let connections = connections(100, 2);
    let other = admitted(&connections, from("192.0.2.2")).unwrap();
    connections.sweep(1);
    let own = [0; 2].map(|_| admitted(&connections, from("192.0.2.1")).unwrap());
    assert!(admitted(&connections, from("192.0.2.1")).is_some());
    assert_eq!(own.iter().filter(|place| place.connection.asked() == Asked::Finish).count(), 1);
    assert_eq!(other.connection.asked(), Asked::Nothing);
}

/// A connection of one that answers every request, and the other end of it.
fn driven(connections: &Arc<Connections>) -> DuplexStream {
    let (ours, theirs) = duplex(64 * 1024);
    let place = admitted(connections, from("192.0.2.1")).unwrap();
    let router = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(drive(theirs, from("192.0.2.1"), place, router, Timeout::Never));
    ours
}

async fn ask(stream: &mut DuplexStream) -> Option<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.ok()?;
    answer(stream).await
}

async fn answer(stream: &mut DuplexStream) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"hello") {
        text.push(within(stream.read_u8()).await.ok()?);
    }
    String::from_utf8(text).ok()
}

async fn is_closed(stream: &mut DuplexStream) -> bool {
    within(stream.read_u8()).await.is_err()
}

/// What would wait for ever fails.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), work).await.expect("it goes on waiting")
}

/// Lets every other task do what it can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_kept_as_long_as_keep_alive_says_and_not_longer() {
    let connections = connections(4, 4);
    let mut stream = driven(&connections);
    connections.sweep(100_000);
    assert!(ask(&mut stream).await.is_some(), "a new one may wait as long");
    connections.sweep(219_000);
    assert!(ask(&mut stream).await.is_some(), "119 s are within 120 s");
    settle().await;
    connections.sweep(341_000);
    assert!(is_closed(&mut stream).await, "it was closed");
}

#[tokio::test]
async fn a_head_may_take_30_seconds_from_its_first_byte_on() {
    let connections = connections(4, 4);
    let mut stream = driven(&connections);
    connections.sweep(100_000);
    stream.write_all(b"GET / HT").await.unwrap();
    settle().await;
    connections.sweep(129_000);
    stream.write_all(b"TP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(answer(&mut stream).await.is_some(), "29 s are within 30 s");
    stream.write_all(b"G").await.unwrap();
    settle().await;
    connections.sweep(145_000);
    stream.write_all(b"E").await.unwrap();
    settle().await;
    connections.sweep(161_000);
    assert!(is_closed(&mut stream).await, "bytes in between win no time");
}

#[tokio::test]
async fn a_part_of_a_head_behind_another_request_holds_no_connection() {
    let connections = connections(1, 1);
    let mut stream = driven(&connections);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT").await.unwrap();
    assert!(answer(&mut stream).await.is_some());
    settle().await;
    assert!(within(connections.admit(from("192.0.2.2"))).await.is_some(), "it makes room");
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_request_that_came_before_its_connection_was_to_end_is_answered() {
    let connections = connections(4, 4);
    let mut stream = driven(&connections);
    assert!(!ask(&mut stream).await.unwrap().contains("connection: close"));
    settle().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    connections.finish_all();
    assert!(answer(&mut stream).await.is_some());
    within(connections.all_ended()).await;
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_not_idle() {
    let connections = connections(1, 1);
    let (mut stream, theirs) = duplex(16);
    let place = admitted(&connections, from("192.0.2.1")).unwrap();
    let connection = Arc::clone(&place.connection);
    let router = Router::new().route("/", get(|| async { "x".repeat(1000) + "hello" }));
    tokio::spawn(drive(theirs, from("192.0.2.1"), place, router, Timeout::Never));
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    settle().await;
    assert_eq!(connection.phase(), Phase::Answered);
    connections.sweep(1_000_000);
    assert!(answer(&mut stream).await.is_some());
    settle().await;
    assert_eq!(connection.phase(), Phase::Idle);
}
