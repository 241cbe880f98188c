use proptest::prelude::*;

use super::*;

fn find(header: &str) -> Result<Option<&[u8]>, TwoCookies> {
    SessionCookie::default().find([header.as_bytes()])
}

fn with(change: impl FnOnce(&mut CookieSettings)) -> Result<SessionCookie, CookieError> {
    let mut settings = CookieSettings::default();
    change(&mut settings);
    SessionCookie::new(settings)
}

#[test]
fn sec_25_the_default_is_the_strictest_that_follows_links() {
    let cookie = SessionCookie::new(CookieSettings::default()).unwrap();
    assert_eq!(cookie, SessionCookie::default());
    let set = cookie.set("t", 60).unwrap();
    assert_eq!(set, "__Host-session=t; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
}

#[test]
fn the_name_has_the_strongest_prefix_that_the_rest_allows() {
    let name = |cookie: Result<SessionCookie, _>| cookie.unwrap().name().to_owned();
    assert_eq!(name(with(|it| it.domain = Some("example.org".into()))), "__Secure-session");
    assert_eq!(name(with(|it| it.path = "/app".into())), "__Secure-session");
    assert_eq!(name(with(|it| it.secure = false)), "session");
    assert_eq!(name(with(|it| it.name = Some("sid".into()))), "sid");
}

#[test]
fn sec_26_what_a_browser_would_reject_is_refused() {
    let named = |name: &str| with(|it| it.name = Some(name.into()));
    for bad in ["", "a b", "a=b", "a;b", "a\n", "ü", "a\0", "a,b", &"x".repeat(257)] {
        assert_eq!(named(bad), Err(CookieError::Name), "{bad:?}");
    }
    let of = |name: &str, change: fn(&mut CookieSettings)| {
        with(|it| {
            it.name = Some(name.into());
            change(it);
        })
    };
    for name in ["__Host-x", "__host-x", "__Host-Http-x"] {
        assert_eq!(of(name, |it| it.domain = Some("a.b".into())), Err(CookieError::HostPrefix), "{name}");
        assert_eq!(of(name, |it| it.path = "/app".into()), Err(CookieError::HostPrefix), "{name}");
    }
    for name in ["__Host-x", "__Secure-x", "__SECURE-x", "__Http-x"] {
        assert_eq!(of(name, |it| it.secure = false), Err(CookieError::PrefixNeedsSecure), "{name}");
    }
    let insecure_none = |it: &mut CookieSettings| (it.same_site, it.secure) = (SameSite::None, false);
    assert_eq!(with(insecure_none), Err(CookieError::NoneNeedsSecure));
    assert!(with(|it| it.same_site = SameSite::None).is_ok());
    for bad in ["", "app", "/a;b", "/a\n", &format!("/{}", "x".repeat(1024))] {
        assert_eq!(with(|it| it.path = bad.into()), Err(CookieError::Path), "{bad:?}");
    }
    for bad in ["", ".", "a..b", ".example.org", "a b", "a;b", "ü.example", &"x".repeat(1025)] {
        assert_eq!(with(|it| it.domain = Some(bad.into())), Err(CookieError::Domain), "{bad:?}");
    }
}

#[test]
fn sec_26_a_value_is_plain_and_short_enough() {
    let cookie = SessionCookie::default();
    for bad in ["", "a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\n", "ü"] {
        assert_eq!(cookie.set(bad, 1), Err(CookieError::Value), "{bad:?}");
    }
    let longest = 4096 - cookie.name().len();
    assert!(cookie.set(&"x".repeat(longest), 1).is_ok());
    assert_eq!(cookie.set(&"x".repeat(longest + 1), 1), Err(CookieError::Value));
}

#[test]
fn sec_27_removal_repeats_every_attribute() {
    for cookie in [
        SessionCookie::default(),
        with(|it| (it.domain, it.path) = (Some("example.org".into()), "/app".into())).unwrap(),
        with(|it| (it.same_site, it.secure) = (SameSite::Strict, false)).unwrap(),
    ] {
        let set = cookie.set("t", 60).unwrap();
        assert_eq!(cookie.remove(), set.replace("=t;", "=;").replace("Max-Age=60", "Max-Age=0"));
    }
}

#[test]
fn sec_29_a_cookie_lives_at_most_400_days() {
    assert!(SessionCookie::default().set("t", u64::MAX).unwrap().ends_with("; Max-Age=34560000"));
}

#[test]
fn the_cookie_is_found_among_others() {
    assert_eq!(find("a=b; __Host-session=t;\tc=d "), Ok(Some(&b"t"[..])));
    assert_eq!(find("__Host-session="), Ok(Some(&b""[..])));
    assert_eq!(find("__Host-session=a=b"), Ok(Some(&b"a=b"[..])));
    assert_eq!(find(""), Ok(None));
}

#[test]
fn sec_28_names_are_exact() {
    for other in [
        "=__Host-session=t",
        "__host-session=t",
        "x__Host-session=t",
        "__Host-session2=t",
        "\u{a0}__Host-session=t",
        "\u{2000}__Host-session=t",
        "$Version=1,__Host-session=t",
        "\"__Host-session\"=t",
        "__Host-session",
        "__Host-session =t",
        "__Host-session\u{0}=t",
        "__Host%2Dsession=t",
    ] {
        assert_eq!(find(other), Ok(None), "{other}");
    }
    assert_eq!(find("$Version=1; __Host-session=t; $Path=/"), Ok(Some(&b"t"[..])));
}

#[test]
fn sec_28_two_of_a_name_are_refused() {
    assert!(find("__Host-session=t; __Host-session=").is_err());
    let headers = [b"__Host-session=a".as_slice(), b"__Host-session=b"];
    let error = SessionCookie::default().find(headers).unwrap_err();
    let said = "the request carries two different cookies named __Host-session; this answer removes both";
    assert_eq!(error.to_string(), said);
}

#[test]
fn one_token_that_is_sent_twice_is_one_token() {
    assert_eq!(find("__Host-session=t; a=b; __Host-session=t"), Ok(Some(&b"t"[..])));
}

/// The scopes that removals name: domain, then path.
fn scopes(removals: &[String]) -> Vec<(String, String)> {
    let scope = |removal: &String| {
        let (_, value, attributes) = as_a_browser_reads(removal);
        let get =
            |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        assert_eq!((value.as_str(), get("max-age").as_deref()), ("", Some("0")));
        (get("domain").unwrap_or_default(), get("path").unwrap())
    };
    removals.iter().map(scope).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(domain, path)| ((*domain).into(), (*path).into())).collect()
}

#[test]
fn sec_28_the_cookies_of_every_other_scope_are_removed() {
    let host = Some("app.shop.example.com:8443");
    let narrow = with(|it| it.name = Some("sid".into())).unwrap();
    let others = narrow.remove_others(host, None);
    let parents = [("app.shop.example.com", "/"), ("shop.example.com", "/"), ("example.com", "/")];
    assert_eq!(scopes(&others), pairs(&parents));
    assert_eq!(others[2], "sid=; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    let wide = with(|it| it.domain = Some("Example.com".into())).unwrap();
    let expected = [("", "/"), ("app.shop.example.com", "/"), ("shop.example.com", "/")];
    assert_eq!(scopes(&wide.remove_others(host, None)), pairs(&expected));
    // Where the host is not known, or is another one, the setting says what can be said.
    for host in [None, Some("127.0.0.1"), Some("sessions.internal.net")] {
        assert_eq!(scopes(&wide.remove_others(host, None)), pairs(&[("", "/")]), "{host:?}");
    }
}

#[test]
fn sec_28_the_cookies_of_every_path_that_the_request_had_are_removed() {
    let cookie = with(|it| (it.secure, it.path) = (false, "/app".into())).unwrap();
    let others = cookie.remove_others(Some("localhost:3000"), Some("/app/in"));
    assert_eq!(scopes(&others), pairs(&[("", "/"), ("", "/app/"), ("", "/app/in")]));
    let deep = format!("/{}", "a/".repeat(100));
    let others = cookie.remove_others(Some("a.b.c.d.e.f.g.example.com"), Some(&deep));
    assert_eq!(others.len(), 16, "an answer's head is bounded");
}

/// Browsers take a `__Host-` cookie for one host and the path `/` alone, so there is no other.
#[test]
fn a_cookie_with_the_host_prefix_has_no_other_scope() {
    for name in [None, Some("__host-x".to_owned())] {
        let cookie = with(|it| it.name = name.clone()).unwrap();
        assert!(cookie.remove_others(Some("app.example.com"), Some("/a/b")).is_empty());
    }
}

/// What RFC 6265bis, section 5.6, makes of a `Set-Cookie` value: its name, its value, its attributes.
fn as_a_browser_reads(set_cookie: &str) -> (String, String, Vec<(String, String)>) {
    let mut parts = set_cookie.split(';');
    let (name, value) = parts.next().unwrap().split_once('=').unwrap();
    let attribute = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (name.trim().to_lowercase(), value.trim().to_owned())
    };
    (name.trim().into(), value.trim().into(), parts.map(attribute).collect())
}

proptest! {
    /// Whatever the settings, what comes out is a cookie as RFC 6265bis has browsers take it, or nothing.
    #[test]
    fn sec_26_no_settings_make_a_cookie_that_a_browser_would_reject(
        name in prop::option::of("(__Host-|__Secure-|__hoST-|)[a-z;= \\x00]{0,4}"),
        domain in prop::option::of("[a-z.; ]{0,8}"),
        path in "(/|)[a-z/;\\n]{0,4}",
        same_site in prop::sample::select(vec![SameSite::Strict, SameSite::Lax, SameSite::None]),
        secure: bool,
        token in "[ -~]{0,8}",
    ) {
        let settings = CookieSettings { name, domain: domain.clone(), path: path.clone(), same_site, secure };
        let Ok(cookie) = SessionCookie::new(settings) else { return Ok(()) };
        let Ok(set) = cookie.set(&token, 60) else { return Ok(()) };
        prop_assert!(!set.chars().any(char::is_control));
        let (name, value, attributes) = as_a_browser_reads(&set);
        prop_assert_eq!((name.as_str(), value.as_str()), (cookie.name(), token.as_str()));
        let get = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        prop_assert_eq!(get("path"), Some(&path));
        prop_assert_eq!(get("domain"), domain.as_ref());
        prop_assert_eq!(get("secure").is_some(), secure);
        prop_assert!(get("httponly").is_some());
        prop_assert!(same_site != SameSite::None || secure);
        let lower = name.to_lowercase();
        prop_assert!(secure || !(lower.starts_with("__host-") || lower.starts_with("__secure-")));
        prop_assert!(!lower.starts_with("__host-") || (domain.is_none() && path == "/"));
        // Beside one of a name that none of these can have.
        let sent = format!("Z=b; {name}={value}");
        prop_assert_eq!(cookie.find([sent.as_bytes()]), Ok(Some(token.as_bytes())));
    }
}
