//! Traefik's file, which nobody runs here: what must be in it.

use std::fs;

use crate::kind::root;

#[test]
fn every_router_of_traefik_drops_upgrades_and_has_the_service_look_at_all_names() {
    let file = fs::read_to_string(root().join("deploy/proxies/traefik/sessioning.yml")).unwrap();
    let lines: Vec<&str> = file.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let rules = lines.iter().filter(|line| line.starts_with("rule:"));
    assert!(rules.clone().all(|rule| rule.contains("!Method(`CONNECT`)")), "a router takes CONNECT");
    let chains: Vec<&&str> = lines.iter().filter(|line| line.starts_with("middlewares: [")).collect();
    assert_eq!(chains.len(), rules.count(), "a router without middlewares");
    for chain in chains {
        let names: Vec<&str> = chain.trim_matches(|c| "middlewares: []".contains(c)).split(", ").collect();
        let [first, second, asked, last] = names[..] else { panic!("{chain}") };
        assert!(chain.contains("[plain, ") || chain.contains("[websocket, "), "{first} comes first: {chain}");
        assert!(second == "strip" && last.starts_with("forget-key"), "{chain}");
        assert!(["required", "optional", "open"].contains(&asked), "{chain}");
    }
    // A list of what goes along would keep the other names from the service.
    assert!(!lines.iter().any(|line| line.starts_with("authRequestHeaders")));
    let upgrades: Vec<_> = lines.iter().filter(|line| line.starts_with("Upgrade:")).collect();
    assert_eq!(upgrades, [&"Upgrade: \"\"", &"Upgrade: websocket"]);
    for removed in ["HTTP2-Settings: \"\"", "Te: \"\"", "Trailer: \"\""] {
        assert_eq!(lines.iter().filter(|line| **line == removed).count(), 2, "{removed}");
    }
    assert_eq!(lines.iter().filter(|line| line.starts_with("authResponseHeaders:")).count(), 3);
}

#[test]
fn preflights_pass_traefik_as_nobodys_once_their_lines_are_uncommented() {
    let file = fs::read_to_string(root().join("deploy/proxies/traefik/sessioning.yml")).unwrap();
    let lines: Vec<&str> =
        file.lines().filter_map(|line| line.trim().strip_prefix("#| ")).map(str::trim).collect();
    assert!(lines.contains(&"middlewares: [plain, strip, open, forget-key, bodiless, nobodys]"), "{lines:?}");
    for removed in ["Cookie", "Authorization", "X-Session-Token", "X-HTTP-Method-Override"] {
        assert!(lines.contains(&&*format!("{removed}: \"\"")), "{removed}");
    }
    for (told, value) in
        [("Status", "anonymous"), ("User", "(none)"), ("Id", "(none)"), ("Expires", "(none)")]
    {
        assert!(lines.contains(&&*format!("X-Session-{told}: {value}")), "{told}");
    }
}
