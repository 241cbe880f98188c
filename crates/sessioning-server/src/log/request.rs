//! What every line of a request says of it, as fields of the same names in text and in JSON. Whoever handles a request
//! notes here what they find out; lines are written from wherever they are due.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderValue;
use serde_json::Value;
use sessioning::{Namespace, Session, SessionId, User};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::plain::plain;

tokio::task_local! {
    static REQUEST: RefCell<Noted>;
}

/// What is known of the request under way. None of it is a secret.
#[derive(Debug, Default)]
struct Noted {
    request: Option<HeaderValue>,
    client: Option<IpAddr>,
    namespace: Option<Namespace>,
    key: Option<Box<str>>,
    user: Option<User>,
    session: Option<SessionId>,
    ended: Option<(u16, Duration)>,
}

/// Does the work of a request of that name, which came from that address, or from a socket.
pub(crate) async fn during<T>(
    request: HeaderValue,
    client: Option<IpAddr>,
    work: impl Future<Output = T>,
) -> T {
    let noted = Noted { request: Some(request), client, ..Noted::default() };
    REQUEST.scope(RefCell::new(noted), work).await
}

fn note(change: impl FnOnce(&mut Noted)) {
    // Outside of a request there is nothing to note.
    let _ = REQUEST.try_with(|noted| change(&mut noted.borrow_mut()));
}

/// Notes the key of the caller, by its public half.
pub(crate) fn note_key(id: &str) {
    note(|noted| noted.key = Some(id.into()));
}

/// Notes where the caller acts.
pub(crate) fn note_namespace(namespace: &Namespace) {
    note(|noted| noted.namespace = Some(namespace.clone()));
}

/// Notes whom it is about.
pub(crate) fn note_user(user: &User) {
    note(|noted| noted.user = Some(user.clone()));
}

/// Notes which session it is about, whether or not there is one of that id.
pub(crate) fn note_id(id: SessionId) {
    note(|noted| noted.session = Some(id));
}

/// Notes the session that it is about, and whose that is.
pub(crate) fn note_session(session: &Session) {
    note(|noted| (noted.user, noted.session) = (Some(session.user().clone()), Some(session.id())));
}

/// Notes how it was answered, and after how long.
pub(crate) fn note_end(status: u16, after: Duration) {
    note(|noted| noted.ended = Some((status, after)));
}

impl Noted {
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let client = self.client.map_or_else(|| "socket".into(), |client| client.to_canonical().to_string());
        let request = self.request.as_ref().and_then(|name| name.to_str().ok()).unwrap_or_default();
        let micros = |after: Duration| u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let optional = [
            ("namespace", self.namespace.as_ref().map(|namespace| namespace.as_str().into())),
            ("key", self.key.as_deref().map(Into::into)),
            ("user", self.user.as_ref().map(|user| plain(user.as_str()).into())),
            ("session", self.session.map(|id| id.to_string().into())),
            ("status", self.ended.map(|(status, _)| status.into())),
            ("micros", self.ended.map(|(_, after)| micros(after).into())),
        ];
        let known = optional.into_iter().filter_map(|(name, value): (_, Option<Value>)| Some((name, value?)));
        [("request", request.into()), ("client", client.into())].into_iter().chain(known).collect()
    }
}

/// Writes a line as another format does, and what is known of the request after it.
pub(super) struct WithRequest<F> {
    pub(super) line: F,
    pub(super) json: bool,
}

impl<S, N, F> FormatEvent<S, N> for WithRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Ok(fields) = REQUEST.try_with(|noted| noted.borrow().fields()) else {
            return self.line.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.line.format_event(context, Writer::new(&mut line), event)?;
        if self.json { add_to_object(&mut line, &fields) } else { add_to_text(&mut line, &fields) }?;
        writer.write_str(&line)
    }
}

fn add_to_object(line: &mut String, fields: &[(&str, Value)]) -> fmt::Result {
    let Some(end) = line.rfind('}') else { return Ok(()) };
    line.truncate(end);
    fields.iter().try_for_each(|(name, value)| write!(line, ",\"{name}\":{value}"))?;
    line.write_str("}\n")
}

fn add_to_text(line: &mut String, fields: &[(&str, Value)]) -> fmt::Result {
    line.truncate(line.trim_end_matches('\n').len());
    for (name, value) in fields {
        write!(line, " {name}={}", word(value))?;
    }
    line.write_char('\n')
}

/// A value as one word: in quotes if it would be read as several, or as a field.
fn word(value: &Value) -> Cow<'_, str> {
    match value.as_str() {
        Some(text)
            if text.chars().all(|character| character.is_alphanumeric() || "-_.:@+/".contains(character)) =>
        {
            text.into()
        }
        _ => value.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tracing_subscriber::fmt::format;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The line of a request, in one of the formats.
    async fn line(json: bool, user: &str) -> String {
        let written = Written::default();
        let writer = written.clone();
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
        let subscriber: Box<dyn Subscriber + Send + Sync> = if json {
            let line = format::json().flatten_event(true).with_target(false);
            let layer = layer.fmt_fields(format::JsonFields::new()).event_format(WithRequest { line, json });
            Box::new(tracing_subscriber::registry().with(layer))
        } else {
            let line = format::format().with_target(false).without_time();
            Box::new(tracing_subscriber::registry().with(layer.event_format(WithRequest { line, json })))
        };
        during(HeaderValue::from_static("r-1"), Some("::ffff:192.0.2.1".parse().unwrap()), async {
            note_namespace(&Namespace::default());
            note_key("0123456789abcdef");
            note_user(&user.parse().unwrap());
            note_end(201, Duration::from_micros(1500));
            tracing::subscriber::with_default(subscriber, || tracing::info!(more = 1, "said"));
        })
        .await;
        let text = written.0.lock().clone();
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn a_line_of_a_request_has_the_same_fields_in_text_and_in_json() {
        assert_eq!(
            line(false, "alice").await,
            " INFO said more=1 request=r-1 client=192.0.2.1 namespace=default key=0123456789abcdef user=alice \
             status=201 micros=1500\n"
        );
        let json: Value = serde_json::from_str(&line(true, "a\"} b").await).unwrap();
        for (name, expected) in [
            ("message", Value::from("said")),
            ("more", 1.into()),
            ("request", "r-1".into()),
            ("client", "192.0.2.1".into()),
            ("namespace", "default".into()),
            ("key", "0123456789abcdef".into()),
            ("user", "a\"} b".into()),
            ("status", 201.into()),
            ("micros", 1500.into()),
        ] {
            assert_eq!(json[name], expected, "{name}");
        }
    }

    #[tokio::test]
    async fn a_user_can_forge_no_field_and_shows_no_token() {
        assert!(line(false, "a status=200").await.contains(" user=\"a status=200\" status=201"));
        assert!(line(false, "a\"b").await.contains(" user=\"a\\\"b\" "));
        let leaked = line(true, "ses_0123456789abcdef").await;
        assert!(!leaked.contains("0123456789abcdef\"}") && leaked.contains("ses_…"), "{leaked}");
    }
}
