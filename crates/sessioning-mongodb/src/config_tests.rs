use super::*;

const PASSWORD: &str = "hunter2%40";

#[test]
fn a_password_never_shows() {
    let text = format!("mongodb://alice:{PASSWORD}@one.example:27018,two.example/shop?replicaSet=rs0");
    let url: MongoUrl = text.parse().unwrap();
    assert_eq!(url.to_string(), "mongodb://***@one.example:27018,two.example:27017/shop");
    assert_eq!(url.expose(), text);
    let settings = format!("{:?}", MongoSettings::new(url));
    for secret in [PASSWORD, "hunter2", "alice"] {
        assert!(!settings.contains(secret), "{settings}");
    }
}

#[test]
fn a_fault_does_not_repeat_the_url() {
    for text in [
        "mongodb://u:hunter2@",
        "mongodb://u:%a€hunter2@h/db",
        "mongodb://u:hunter2%@h/db",
        "mongodb://u:hun/ter2@host/db",
        "postgres://u:hunter2@host",
        "mongodb://h/?x=hunter2&",
    ] {
        match text.parse::<MongoUrl>() {
            Ok(url) => assert!(!format!("{url} {url:?}").contains("hunter2"), "{text}"),
            Err(error) => assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}"),
        }
    }
    assert_eq!("postgres://h/db".parse::<MongoUrl>(), Err(MongoUrlError::Syntax));
}

#[test]
fn white_space_is_no_part_of_a_database_s_name() {
    for text in ["mongodb://h/app\n", "mongodb://h/ app", "mongodb://u:a b@h/app", "mongodb://h/app\0"] {
        assert_eq!(text.parse::<MongoUrl>(), Err(MongoUrlError::WhiteSpace), "{text:?}");
    }
}

#[test]
fn the_layout_is_an_option_that_the_driver_does_not_see() {
    let of = |text: &str| text.parse::<MongoUrl>().unwrap();
    assert_eq!(of("mongodb://h/shop?layout=concept").layout(), Some(Layout::Concept));
    assert_eq!(of("mongodb://h/shop?layout=concept").expose(), "mongodb://h/shop");
    let both = of("mongodb://h/shop?appName=a&layout=native&maxPoolSize=5");
    assert_eq!(
        (both.layout(), both.expose()),
        (Some(Layout::Native), "mongodb://h/shop?appName=a&maxPoolSize=5")
    );
    assert_eq!(of("mongodb://h/shop").layout(), None);
    assert_eq!("mongodb://h/?layout=other".parse::<MongoUrl>(), Err(MongoUrlError::Layout));
}

#[test]
fn the_database_is_the_urls_or_sessioning() {
    let database = |text: &str| MongoSettings::new(text.parse().unwrap()).database;
    assert_eq!(database("mongodb://h/shop"), "shop");
    assert_eq!(database("mongodb://h"), "sessioning");
    assert_eq!(database("mongodb://h/?appName=x"), "sessioning");
}
