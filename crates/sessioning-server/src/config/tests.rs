use sessioning::{OnLimit, Policy};

use super::*;

fn example() -> toml::Table {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sessioning.example.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

#[test]
fn the_example_lists_every_setting_with_its_default() {
    let mut defaults = toml::Table::try_from(Config::default()).unwrap();
    // Keys have no default; the example shows one in a comment.
    defaults.remove("keys");
    let example = example();
    for (table, expected) in &defaults {
        assert_eq!(example.get(table), Some(expected), "{table}");
    }
    assert_eq!(example, defaults);
    assert_eq!(example.try_into::<Config>().unwrap(), Config::default());
}

#[test]
fn the_defaults_are_those_of_the_domain() {
    assert_eq!(Config::default().session.policy(), Policy::default());
}

#[test]
fn a_longest_timeout_of_its_own_is_in_the_policy() {
    let mut layers = Layers::default();
    let flag = || Source::Flag("--set".into());
    layers.set_text("session.max_idle_timeout", "30d", flag()).unwrap();
    layers.set_text("session.max_per_user", "3", flag()).unwrap();
    layers.set_text("session.on_limit", "refuse", flag()).unwrap();
    let policy = layers.finish().unwrap().config.session.policy();
    assert_eq!(policy.max_timeouts.idle, "30d".parse().unwrap());
    assert_eq!(policy.max_timeouts.absolute, policy.timeouts.absolute);
    assert_eq!((policy.max_per_user, policy.on_limit), (Some(3), OnLimit::Refuse));
}

#[test]
fn variables_of_other_parts_are_none_of_ours_and_misspelt_ones_are_refused() {
    let with = |name: &str| Layers::default().environment([(name.to_owned(), "x".to_owned())]);
    for others in
        ["SESSIONING_URL", "SESSIONING_API_KEY_FILE", "SESSIONING_UNKNOWN_SESSION", "SESSIONING_TEST_X"]
    {
        assert!(with(others).is_ok(), "{others}");
    }
    assert!(with("SESSIONING_STOER").is_err());
}

#[test]
fn addresses_and_sizes_are_read_as_they_are_written() {
    for text in ["127.0.0.1:7377", "[::1]:0", "localhost:80", "unix:/run/s"] {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        assert!(text.parse::<Address>().unwrap().is_local());
    }
    for text in ["", "7377", "::1:80", "host:99999", ":80", "unix:"] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
    assert!(!"0.0.0.0:80".parse::<Address>().unwrap().is_local());
    for text in ["256KiB", "64MiB", "1GiB", "100B"] {
        assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
    }
    assert!("a lot".parse::<ByteSize>().is_err());
}

/// The configuration that these settings make, or what is wrong with it.
fn with(settings: &[(&str, &str)]) -> Result<Effective, String> {
    let mut layers = Layers::default();
    for (key, value) in settings {
        layers.set_text(key, value, Source::Flag("--set".into())).map_err(|error| error.to_string())?;
    }
    layers.finish().map_err(|error| error.to_string())
}

#[test]
fn sec_16_a_profile_sets_the_timeouts_and_refuses_longer_ones() {
    for (profile, idle, absolute) in [("aal1", "never", "30d"), ("aal2", "1h", "1d"), ("aal3", "15m", "12h")]
    {
        let session = with(&[("session.profile", profile)]).unwrap().config.session;
        assert_eq!(
            (session.idle_timeout.to_string(), session.absolute_timeout.to_string()),
            (idle.into(), absolute.into())
        );
        let policy = session.policy();
        assert_eq!(policy.max_timeouts, policy.timeouts);
        for (key, value) in [
            ("session.absolute_timeout", "31d"),
            ("session.max_absolute_timeout", "31d"),
            ("session.absolute_timeout", "never"),
        ] {
            let error = with(&[("session.profile", profile), (key, value)]).unwrap_err();
            assert!(error.starts_with(&format!("{key} (--set): {value} is longer than")), "{error}");
        }
        if profile != "aal1" {
            for key in ["session.idle_timeout", "session.max_idle_timeout"] {
                let error = with(&[("session.profile", profile), (key, "61m")]).unwrap_err();
                assert!(error.starts_with(&format!("{key} (--set): 61m is longer than")), "{error}");
            }
        }
        let shorter = [
            ("session.profile", profile),
            ("session.idle_timeout", "10m"),
            ("session.absolute_timeout", "1h"),
        ];
        assert_eq!(with(&shorter).unwrap().config.session.idle_timeout.to_string(), "10m");
    }
    assert!(with(&[("session.profile", "aal4")]).unwrap_err().contains("aal1, aal2 or aal3, or none"));
}

#[test]
fn a_value_says_that_its_profile_set_it() {
    let settings = with(&[("session.profile", "aal2")]).unwrap().settings;
    let idle = settings.iter().find(|setting| setting.key == "session.idle_timeout").unwrap();
    assert_eq!((idle.value.as_str(), idle.source.as_str()), (Some("1h"), "session.profile aal2"));
}

#[test]
fn a_cookie_that_browsers_reject_is_refused_by_its_setting() {
    for (key, value) in [("cookie.path", "app"), ("cookie.domain", ".x"), ("cookie.name", "a b")] {
        assert!(with(&[(key, value)]).unwrap_err().starts_with(&format!("{key} (--set): ")), "{key}");
    }
    let insecure = with(&[("cookie.secure", "false"), ("cookie.same_site", "none")]);
    assert!(insecure.unwrap_err().starts_with("cookie.same_site (--set): "));
    let host = with(&[("cookie.name", "__Host-x"), ("cookie.domain", "example.org")]);
    assert!(host.unwrap_err().starts_with("cookie.name (--set): "));
    let named = with(&[("cookie.domain", "example.org")]).unwrap().config.cookie.cookie().unwrap();
    assert_eq!(named.name(), "__Secure-session");
}

#[test]
fn trusted_proxies_are_addresses_networks_or_the_socket() {
    let trusted = with(&[("proxy.trusted", "10.0.0.1, 10.1.0.0/16, 2001:db8::/32, unix")]);
    let texts: Vec<_> = trusted.unwrap().config.proxy.trusted.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["10.0.0.1/32", "10.1.0.0/16", "2001:db8::/32", "unix"]);
    assert!(with(&[("proxy.trusted", "proxy.example")]).unwrap_err().contains("is not an address such as"));
}

#[test]
fn hosts_and_origins_that_could_match_nothing_are_refused() {
    for (key, bad) in [
        ("hosts", "[\"a.example\"]"),
        ("hosts", "https://a.example"),
        ("concept.cors_origins", "[\"https://app.example\"]"),
        ("concept.cors_origins", "app.example"),
        ("concept.cors_origins", "https://app.example/"),
    ] {
        let error = with(&[(key, bad)]).unwrap_err();
        assert!(error.starts_with(&format!("{key} (--set): ")), "{error}");
    }
    assert!(with(&[("hosts", "a.internal, b.internal:7377")]).is_ok());
    for good in ["*", "https://app.example", "http://localhost:5173,https://[::1]:8443"] {
        assert!(with(&[("concept.cors_origins", good)]).is_ok(), "{good}");
    }
}

#[test]
fn limits_with_which_nothing_could_be_served_are_refused() {
    for key in ["limits.connections", "limits.queue", "limits.body"] {
        let error = with(&[(key, "0")]).unwrap_err();
        assert!(
            error.starts_with(&format!("{key} (--set): ")) && error.ends_with("must be at least 1"),
            "{error}"
        );
    }
}

/// The configuration that a file of this text makes, or what is wrong with it.
fn in_file(text: &str) -> Result<Effective, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessioning.toml");
    std::fs::write(&path, text).unwrap();
    let mut layers = Layers::default();
    layers.file(Some(&path)).and_then(|()| layers.finish()).map_err(|error| error.to_string())
}

#[test]
fn a_quoted_name_is_no_path_to_a_setting() {
    for text in [
        "\"session.idle_timeout\" = \"9d\"",
        "\"session.idle_timeout\" = \"9d\"\n[session]\nidle_timeout = \"30m\"",
        "[\"session.idle_timeout\"]\nx = 1",
        "'mongodb.database' = \"other\"",
        "[mongodb]\n\"x.database\" = \"other\"",
    ] {
        let error = in_file(text).unwrap_err();
        assert!(error.starts_with("there is no setting "), "{error}");
    }
    let error = in_file("\"session.idle_timeout\" = \"9d\"").unwrap_err();
    assert!(error.ends_with("did you mean session.idle_timeout, without the quotes?"), "{error}");
    let dotted = in_file("session.idle_timeout = \"9m\"\n[\"limits\"]\n\"queue\" = 3").unwrap().config;
    assert_eq!((dotted.session.idle_timeout.to_string().as_str(), dotted.limits.queue), ("9m", 3));
}

#[test]
fn a_setting_has_one_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::write(&path, "memory:\n").unwrap();
    let file = ("SESSIONING_STORE_FILE".to_owned(), path.display().to_string());
    let direct = ("SESSIONING_STORE".to_owned(), "embedded:./other".to_owned());
    for both in [[file.clone(), direct.clone()], [direct, file.clone()]] {
        let error = Layers::default().environment(both).unwrap_err().to_string();
        assert!(error.contains("sets it, too; keep one of the two"), "{error}");
    }
    let mut layers = Layers::default();
    layers.environment([file]).unwrap();
    assert_eq!(layers.finish().unwrap().config.store, StoreUrl::Memory);
}

#[test]
fn a_secret_where_a_file_name_belongs_is_not_repeated() {
    let key = "sk_0123456789abcdef_00112233445566778899";
    for (variable, value, hidden) in [
        ("SESSIONING_STORE_FILE", key, "99"),
        ("SESSIONING_KEYS_FILE_FILE", key, "99"),
        ("SESSIONING_STORE_FILE", "mongodb://user:password@db/app", "password@"),
        ("SESSIONING_LISTEN", key, "99"),
    ] {
        let mut layers = Layers::default();
        let set = layers.environment([(variable.to_owned(), value.to_owned())]);
        let error = set.and_then(|()| layers.finish()).unwrap_err().to_string();
        assert!(!error.contains(hidden), "{error}");
    }
    let config = Config { keys_file: key.into(), ..Config::default() };
    let error = crate::keys::Keys::load(&config).unwrap_err().to_string();
    assert!(error.contains("the name of a file") && !error.contains("99"), "{error}");
}

#[test]
fn a_store_shows_no_key() {
    let key = "sk_0123456789abcdef_00112233445566778899";
    for store in [format!("embedded:{key}"), format!("mongodb://host/{key}")] {
        let error = store.parse::<StoreUrl>().unwrap_err();
        assert!(error.contains("an API key") && !error.contains("99"), "{error}");
    }
    assert!(format!("mongodb://user:{key}@host/app").parse::<StoreUrl>().is_ok(), "a password is not shown");
}

#[test]
fn what_is_wrong_around_keys_is_said_with_the_cure() {
    let key = "id = \"0123456789abcdef\"\ndigest = \"sha256:00\"\nscopes = [\"check\"]\n";
    let above = in_file(&format!("[[keys]]\n{key}store = \"memory:\"")).unwrap_err();
    assert!(above.contains("a key has no store") && above.contains("above the first [[keys]]"), "{above}");
    let single = in_file(&format!("[keys]\n{key}")).unwrap_err();
    assert!(single.contains("two brackets, [[keys]]"), "{single}");
}

#[test]
fn a_scope_is_a_word() {
    let entry = |scopes: &str| {
        let digest = format!("sha256:{}", "0".repeat(64));
        in_file(&format!("[[keys]]\nid = \"0123456789abcdef\"\ndigest = \"{digest}\"\nscopes = {scopes}"))
    };
    assert_eq!(entry("[\"check\"]").unwrap().config.keys[0].scopes, [Scope::Check]);
    for other in ["[{ admin = {} }]", "[\"Admin\"]", "[\"admin \"]"] {
        assert!(entry(other).is_err(), "{other}");
    }
}
