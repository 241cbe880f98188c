//! What every proxy must do, case by case.

use crate::forgeries::{forged, injection};
use crate::outage::down;
use crate::places::{open, optional, paths};
use crate::sessions::{allow, expired, none, revoked};
use crate::stage::Stage;
use crate::traffic::{origin, post, websocket};

/// A case: its name, and what it asserts.
pub type Case = (&'static str, fn(&mut Stage));

/// The cases of the matrix, in the order in which they run: the last one ends the service.
pub const CASES: [Case; 13] = [
    ("allow", allow),
    ("none", none),
    ("expired", expired),
    ("revoked", revoked),
    ("forged", forged),
    ("optional", optional),
    ("open", open),
    ("paths", paths),
    ("POST", post),
    ("origin", origin),
    ("WebSocket", websocket),
    ("injection", injection),
    ("down", down),
];
