use super::*;

fn owner(text: &str) -> Option<Owner> {
    let (namespace, user) = text.split_once('/').unwrap();
    Some(Owner::new(namespace.parse().unwrap(), user.parse().unwrap()))
}

fn turn(text: &str) -> Turn {
    Turn { owner: owner(text), ..Turn::default() }
}

fn end(text: &str) -> Turn {
    Turn { ends: true, ..turn(text) }
}

fn queue(work: impl IntoIterator<Item = (Turn, &'static str)>) -> Queue<&'static str> {
    let queue = Queue::new(100);
    for (turn, name) in work {
        queue.push(turn, name).unwrap();
    }
    queue
}

fn shorts(queue: &Queue<&'static str>) -> Vec<&'static str> {
    std::iter::from_fn(|| queue.short()).collect()
}

#[test]
fn namespaces_take_turns_and_owners_within_them() {
    let queue = queue([
        (turn("a/mallory"), "m1"),
        (turn("a/mallory"), "m2"),
        (turn("a/mallory"), "m3"),
        (turn("a/alice"), "a1"),
        (turn("b/bob"), "b1"),
        (turn("b/bob"), "b2"),
    ]);
    assert_eq!(shorts(&queue), ["m1", "b1", "a1", "b2", "m2", "m3"]);
}

#[test]
fn ends_go_first_across_owners_and_never_overtake_within_one() {
    let queue = queue([
        (turn("a/alice"), "create"),
        (turn("a/bob"), "bob's create"),
        (end("a/bob"), "bob's end"),
        (end("b/carol"), "carol's end"),
    ]);
    assert_eq!(shorts(&queue), ["bob's create", "carol's end", "bob's end", "create"]);
}

#[test]
fn a_flood_of_ends_leaves_a_turn_to_the_others() {
    let queue = Queue::new(100);
    for _ in 0..50 {
        queue.push(end("a/mallory"), "end").unwrap();
    }
    queue.push(turn("b/bob"), "create").unwrap();
    let before = std::iter::from_fn(|| queue.short()).position(|work| work == "create").unwrap();
    assert!(before < 4, "{before} before it");
}

#[test]
fn a_long_step_keeps_what_its_owner_asks_for_later_behind_it() {
    let long = Turn { long: true, ..end("a/alice") };
    let queue = queue([(long, "long"), (turn("a/alice"), "later"), (turn("a/bob"), "bob's")]);
    assert_eq!(shorts(&queue), ["bob's"]);
    assert_eq!((queue.long(false), queue.long(true)), (None, Some("long")));
    assert_eq!(shorts(&queue), ["later"]);
    assert_eq!(queue.any(), None);
}

#[test]
fn what_is_asked_of_an_id_that_is_being_made_comes_after_that() {
    let id =
        SessionId::from_bytes(*b"\x01\x9a\x00\x00\x00\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x01").unwrap();
    let make = Turn { id: Some(id), ..turn("a/alice") };
    let remove = Turn { id: Some(id), ends: true, ..Turn::default() };
    let queue = queue([(make, "make"), (remove, "remove")]);
    assert_eq!(shorts(&queue), ["make", "remove"]);
}

#[test]
fn nobody_fills_the_queue_alone_and_ends_always_find_a_place() {
    let queue = Queue::new(64);
    let filled = |text: &str| {
        let places = 0..1000;
        places.take_while(|_| queue.push(turn(text), "work").is_ok()).count()
    };
    assert_eq!(filled("a/mallory"), 32);
    let more = (0..1000).map(|number| filled(&format!("a/mallory{number}"))).sum::<usize>();
    assert!(32 + more <= 56, "one namespace took {more} more of 64 places");
    assert!(filled("b/bob") >= 4);
    assert_eq!(queue.push(turn("a/mallory"), "work"), Err(ErrorKind::Overloaded));
    for _ in 0..64 {
        queue.push(end("a/mallory"), "end").unwrap();
    }
    assert_eq!(queue.push(end("b/bob"), "end"), Err(ErrorKind::Overloaded));
}

#[test]
fn a_closed_queue_hands_out_what_waits_and_then_says_so() {
    let queue = queue([(turn("a/alice"), "work")]);
    queue.close();
    assert_eq!(queue.push(turn("a/alice"), "work"), Err(ErrorKind::Unavailable));
    assert_eq!(queue.wait(None), Waited::Ready);
    assert_eq!(queue.any(), Some("work"));
    assert_eq!(queue.wait(None), Waited::Closed);
}
