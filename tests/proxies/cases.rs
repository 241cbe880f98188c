//! What every proxy must do, case by case.

use crate::forgeries::{forged, injection};
use crate::outage::down;
use crate::places::{open, optional, paths};
use crate::preflight::refused;
use crate::sessions::{allow, expired, none, revoked};
use crate::spellings::spellings;
use crate::stage::Stage;
use crate::traffic::{origin, oversized, post, websocket};
use crate::tunnels::{connect, framing, upgrade};

/// A case: its name, and what it asserts.
pub type Case = (&'static str, fn(&mut Stage));

/// The cases of the matrix, in the order in which they run: the last one ends the service.
pub const CASES: [Case; 19] = [
    ("allow", allow),
    ("none", none),
    ("expired", expired),
    ("revoked", revoked),
    ("forged", forged),
    ("spellings", spellings),
    ("optional", optional),
    ("open", open),
    ("paths", paths),
    ("POST", post),
    ("oversized", oversized),
    ("origin", origin),
    ("WebSocket", websocket),
    ("Upgrade", upgrade),
    ("CONNECT", connect),
    ("framing", framing),
    ("injection", injection),
    ("OPTIONS", refused),
    ("down", down),
];
