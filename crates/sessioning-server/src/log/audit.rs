//! The audit: lines about who did what, which a flood of other lines must not push out.

use tracing::Metadata;

/// The target by which a line of the audit is known.
pub(crate) const AUDIT: &str = "sessioning_server::audit";

/// What a line is about, for the count of those that were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// None of the audit.
    Ordinary,
    /// A session began.
    Create,
    /// A session ended: by its holder, or to make room.
    End,
    /// A session got a new token.
    Renew,
    /// Others ended sessions.
    Revoke,
    /// The keys changed.
    Keys,
    /// A caller was refused by a rule: key, scope, host, origin, policy.
    Refusal,
    /// A caller tried too often.
    Limit,
    /// Lines were lost.
    Lost,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Ordinary,
        Self::Create,
        Self::End,
        Self::Renew,
        Self::Revoke,
        Self::Keys,
        Self::Refusal,
        Self::Limit,
        Self::Lost,
    ];

    /// Its name, in metrics and as the name of its events.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Create => "create",
            Self::End => "end",
            Self::Renew => "renew",
            Self::Revoke => "revoke",
            Self::Keys => "keys",
            Self::Refusal => "refusal",
            Self::Limit => "limit",
            Self::Lost => "lost",
        }
    }

    /// What the line of an event is about.
    pub(crate) fn of(event: &Metadata<'_>) -> Self {
        let named = || Self::ALL.into_iter().find(|kind| kind.name() == event.name());
        if event.target() == AUDIT { named().unwrap_or(Self::Ordinary) } else { Self::Ordinary }
    }
}

/// Writes a line of the audit: `audit!(info, End, "Deleted session: {id}")`.
macro_rules! audit {
    ($level:ident, $kind:ident, $($line:tt)+) => {
        tracing::$level!(
            name: $crate::log::Kind::$kind.name(),
            target: $crate::log::AUDIT,
            $($line)+
        )
    };
}
pub(crate) use audit;
