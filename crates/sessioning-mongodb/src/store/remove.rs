//! Ends one session. A removal is repeated until it was answered, and its absence then confirmed.

use std::time::Duration;

use sessioning::{Result, SessionId};
use tokio::time::Instant;

use super::Inner;
use crate::error::failed;

/// How long to wait before a removal is sent again.
const PAUSE: Duration = Duration::from_millis(50);

impl Inner {
    /// Repeats until it is done; the deadline ends that.
    pub(super) async fn remove(&self, id: SessionId) -> Result<bool> {
        self.opened()?;
        let (mut sent_before, until) = (false, Instant::now() + self.settings.deadline * 9 / 10);
        loop {
            match self.try_remove(id, sent_before).await {
                Ok(removed) => return Ok(removed),
                Err(error) if Instant::now() + PAUSE >= until => return Err(error),
                Err(error) => tracing::debug!(session = %id, %error, "a removal is repeated"),
            }
            sent_before = true;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_remove(&self, id: SessionId, sent_before: bool) -> Result<bool> {
        let counters = self.counters().await?;
        let sessions = self.sessions()?;
        match sessions.find_one_and_delete(self.codec.by_id(id)).await.map_err(failed)? {
            Some(document) => Ok(self.visible(document, &counters).is_some()),
            None => {
                // "Gone already" must rest on what a majority has now: not on a removal that may be rolled back, nor on
                // a primary that is none any more.
                if self.confirmed(self.codec.by_id(id)).await?.is_some() {
                    return Err(crate::error::unavailable(
                        "the removal of this session is not confirmed yet",
                    ));
                }
                // Gone by the removal whose answer was lost, as far as anybody can tell.
                Ok(sent_before)
            }
        }
    }
}
