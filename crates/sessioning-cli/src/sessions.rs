//! Sessions as people read them: as rows about one, as lines of a table about many.

use sessioning_client::SessionView;

/// What there is to say about one.
pub(crate) fn rows(session: &SessionView) -> Vec<(&'static str, String)> {
    let metadata = &session.metadata;
    let given = [("label", &metadata.label), ("address", &metadata.ip), ("program", &metadata.user_agent)];
    let mut rows = vec![
        ("session", session.id.clone()),
        ("user", session.user.clone()),
        ("began", session.created_at.clone()),
        ("last seen", session.last_seen.clone()),
        ("ends", or_never(session.expires_at.as_deref())),
        ("ends unused", or_never(session.idle_expires_at.as_deref())),
        ("authenticated", authenticated(session)),
    ];
    rows.extend(given.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    if !session.data.is_empty() {
        rows.push(("data", serde_json::Value::from(session.data.clone()).to_string()));
    }
    rows
}

/// When something ends, in words where it does not.
pub(crate) fn or_never(end: Option<&str>) -> String {
    end.unwrap_or("never").into()
}

fn authenticated(session: &SessionView) -> String {
    let mut text = session.authenticated_at.clone();
    if session.level > 0 {
        text.push_str(&format!(", level {}", session.level));
    }
    if !session.amr.is_empty() {
        text.push_str(&format!(", by {}", session.amr.join(" and ")));
    }
    text
}

/// The line above a table.
pub(crate) fn heading() -> String {
    format!("{:<36}  {:<20}  {:<20}  {}", "SESSION", "BEGAN", "LAST SEEN", "WHERE")
}

/// A session as a line of a table; the seconds' fractions are of no use there.
pub(crate) fn line(session: &SessionView) -> String {
    let short = |moment: &str| moment.split('.').next().unwrap_or_default().to_owned() + "Z";
    let metadata = &session.metadata;
    let place = [&metadata.label, &metadata.ip, &metadata.user_agent];
    let place: Vec<_> = place.into_iter().flatten().map(String::as_str).collect();
    let place = if place.is_empty() { "-".into() } else { place.join(", ") };
    let (began, seen) = (short(&session.created_at), short(&session.last_seen));
    format!("{:<36}  {began:<20}  {seen:<20}  {place}", session.id)
}
