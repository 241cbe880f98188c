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
