//! A live session, as handlers see it.

use std::ops::Deref;
use std::sync::Arc;

use sessioning_api::SessionView;

/// The live session of a request; its fields are those of [`SessionView`]. Cheap to clone.
///
/// As an extractor it answers 401 where nobody is logged in; `Option<Session>` is `None` there. Either answers 503
/// where nobody knows.
#[derive(Clone, Debug)]
pub struct Session(Arc<SessionView>);

impl From<SessionView> for Session {
    fn from(view: SessionView) -> Self {
        Self(Arc::new(view))
    }
}

impl Deref for Session {
    type Target = SessionView;

    fn deref(&self) -> &SessionView {
        &self.0
    }
}
