use std::collections::HashSet;

use super::*;
use crate::{ErrorKind, OsRandom};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn token() -> SessionToken {
    SessionToken::generate(NOW, &OsRandom).unwrap()
}

/// Fills with one byte, again and again.
struct Constant(u8);

impl Random for Constant {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.fill(self.0);
        Ok(())
    }
}

struct Broken;

impl Random for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<()> {
        Err(ErrorKind::Random.into())
    }
}

#[test]
fn a_tokens_text_is_prefix_id_secret_and_checksum() {
    let token = SessionToken::generate(NOW, &Constant(0xab)).unwrap();
    let text = token.expose();
    let body = format!("ses_{}{}", token.id().to_string().replace('-', ""), "ab".repeat(32));
    assert_eq!(text.as_str(), format!("{body}{:08x}", crc32fast::hash(body.as_bytes())));
    assert_eq!(text.len(), 108);
    assert_eq!(token.id().to_string(), "01a0c450-6c00-7bab-abab-abababababab");
}

#[test]
fn a_text_is_read_back_as_the_token_it_came_from() {
    let token = token();
    let read = SessionToken::parse(&token.expose()).unwrap();
    assert_eq!((read.id(), read.digest()), (token.id(), token.digest()));
}

#[test]
fn the_digest_is_sha_256_of_the_secrets_bytes() {
    let token = SessionToken::generate(NOW, &Constant(0)).unwrap();
    let zeros = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
    assert_eq!(base16ct::lower::encode_string(token.digest().as_bytes()), zeros);
}

#[test]
fn sec_03_every_change_of_one_character_is_refused() {
    let text = token().expose();
    for position in 0..text.len() {
        for other in ['0', '1', 'f', 'A', 'g', '-', ' ', 'é'] {
            let mut changed: Vec<char> = text.chars().collect();
            if changed[position] != other {
                changed[position] = other;
                let changed: String = changed.into_iter().collect();
                assert!(SessionToken::parse(&changed).is_err(), "{position} {other}");
            }
        }
    }
}

#[test]
fn sec_03_a_changed_character_is_refused_in_any_of_many_tokens() {
    for number in 0..10_000 {
        let text = token().expose();
        for position in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            // Another of the same alphabet, so that nothing but the checksum can tell.
            bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
            let changed = std::str::from_utf8(&bytes).unwrap();
            assert!(SessionToken::parse(changed).is_err(), "token {number}, position {position}");
        }
    }
}

#[test]
fn sec_03_what_is_not_exactly_a_token_is_refused_for_its_reason() {
    let text = token().expose();
    let text = text.as_str();
    let reason = |text: &str| SessionToken::parse(text).unwrap_err();
    for shape in
        ["", "ses_", &text[1..], &text[..107], &format!("{text} "), &text.replacen("ses_", "SES_", 1)]
    {
        assert_eq!(reason(shape), Malformed::Shape, "{shape}");
    }
    assert_eq!(reason(&format!("{}00000000", &text[..100])), Malformed::Checksum);
    let with = |body: String| {
        let sum = String::from_utf8(checksum(&body).to_vec()).unwrap();
        body + &sum
    };
    // A right checksum over what is no token all the same: upper case, a UUID of version 4.
    assert_eq!(reason(&with(text[..100].replacen('a', "A", 1).replacen('b', "B", 1))), Malformed::Shape);
    assert_eq!(reason(&with(format!("{}4{}", &text[..16], &text[17..100]))), Malformed::Id);
}

#[test]
fn a_random_source_that_fails_makes_no_token() {
    assert_eq!(*SessionToken::generate(NOW, &Broken).unwrap_err().kind(), ErrorKind::Random);
    assert!(SessionId::generate(NOW, &Broken).is_err());
    assert!(SessionToken::renewed(token().id(), &Broken).is_err());
}

#[test]
fn a_renewed_token_keeps_the_id_and_has_another_secret() {
    let old = token();
    let new = SessionToken::renewed(old.id(), &OsRandom).unwrap();
    assert_eq!(new.id(), old.id());
    assert_ne!(new.digest(), old.digest());
}

#[test]
fn sec_40_debug_shows_the_id_alone() {
    let token = token();
    let (text, digest) = (token.expose(), token.digest());
    let shown = format!("{token:?} {digest:?}");
    assert!(shown.contains(&token.id().to_string()));
    assert!(!shown.contains(&text[ID_END..SECRET_END]));
    assert!(!shown.contains(&base16ct::lower::encode_string(digest.as_bytes())));
}

#[test]
fn sec_01_secrets_are_256_bits_of_even_chance() {
    const TOKENS: u32 = 1_000_000;
    let mut seen = HashSet::new();
    // Of the text, as somebody would see it: 64 hex digits, each of 16 values.
    let mut counts = vec![[0_u32; 16]; 64];
    for _ in 0..TOKENS {
        let token = token();
        assert!(seen.insert(token.secret), "a secret came twice");
        for (position, byte) in token.secret.iter().enumerate() {
            counts[2 * position][usize::from(byte >> 4)] += 1;
            counts[2 * position + 1][usize::from(byte & 15)] += 1;
        }
    }
    let expected = f64::from(TOKENS) / 16.0;
    for (position, counts) in counts.iter().enumerate() {
        let chi: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        // 15 degrees of freedom: 70 is exceeded by chance once in 10^8 positions.
        assert!(chi < 70.0, "position {position}: chi-square {chi}");
    }
}

#[test]
fn sec_04_secrets_show_no_order() {
    let mut rising = 0;
    for _ in 0..1000 {
        rising += u32::from(token().secret < token().secret);
    }
    // 500 is expected; 90 off is more than five standard deviations.
    assert!((410..590).contains(&rising), "{rising} of 1000 secrets were greater than the one before");
}

#[test]
fn ids_are_version_7_or_8_and_sort_by_time() {
    let id = |text: &str| text.parse::<SessionId>();
    assert!(id("01a0c450-6c00-7bab-abab-abababababab").is_ok());
    assert!(id("01a0c4506c007bababababababababab").is_ok());
    assert!(id("01a0c450-6c00-8bab-abab-abababababab").is_ok());
    for bad in ["01a0c450-6c00-4bab-abab-abababababab", "01a0c450-6c00-7bab-cbab-abababababab", "", "x"] {
        assert_eq!(id(bad), Err(Malformed::Id), "{bad}");
    }
    let later = Timestamp::from_millis(NOW.as_millis() + 1);
    let (early, late) = (SessionId::generate(NOW, &OsRandom), SessionId::generate(later, &OsRandom));
    assert!(early.unwrap() < late.unwrap());
    assert_eq!(SessionId::from_bytes([0; 16]), None);
}

#[test]
fn faults_and_digests_are_told_in_words() {
    assert_eq!(format!("{:?}", token().digest()), "Digest(..)");
    for (fault, said) in [
        (Malformed::Shape, "not the shape of a session token"),
        (Malformed::Checksum, "it was mistyped or cut"),
        (Malformed::Id, "not a session id"),
    ] {
        assert!(fault.to_string().contains(said), "{fault}");
    }
}

#[test]
fn ids_of_one_moment_hash_apart() {
    use std::hash::BuildHasher;
    let state = std::hash::RandomState::new();
    let hashes: HashSet<_> = (0..1000).map(|_| state.hash_one(token().id())).collect();
    assert_eq!(hashes.len(), 1000);
}

const ORIGINAL: &str = "01934c2e-7a51-7b3c-9d6f-2a1b3c4d5e6f";

#[test]
fn an_imported_token_is_two_hashes_of_its_text() {
    let token = SessionToken::import(ORIGINAL).unwrap();
    assert_eq!(*token.expose(), ORIGINAL);
    // From another implementation: sha256("sessioning imported id\0" + text), the bits of version 8 put in.
    assert_eq!(token.id().to_string(), "4d5bc2ee-af8c-8d9e-b635-042601e02b58");
    assert_eq!(
        base16ct::lower::encode_string(token.digest().as_bytes()),
        "2163a63bfe90d674ecae12ebfdff2a7ab66175396d23f3cf71ae010e3b457b92"
    );
    assert_eq!(token.kept(Keeps::Tokens), token.digest());
    assert!(!format!("{token:?}").contains(ORIGINAL));
}

#[test]
fn only_the_exact_text_of_a_foreign_token_is_one() {
    let upper = ORIGINAL.to_uppercase();
    let (bare, braced) = (ORIGINAL.replace('-', ""), format!("{{{ORIGINAL}}}"));
    let other_variant = ORIGINAL.replace("-9d6f-", "-cd6f-");
    let own = token().expose().to_string();
    for text in ["", "alice", &upper, &bare, &braced, &other_variant, &own, &format!(" {ORIGINAL}")] {
        assert!(SessionToken::import(text).is_err(), "{text}");
    }
    assert!(SessionToken::parse(ORIGINAL).is_err());
}

#[test]
fn a_token_is_restored_from_what_a_store_of_tokens_keeps() {
    let token = token();
    let restored = SessionToken::restore(token.id(), &token.kept(Keeps::Tokens));
    assert_eq!(*restored.expose(), *token.expose());
    assert_eq!(token.kept(Keeps::Digests), token.digest());
    assert_ne!(token.kept(Keeps::Tokens), token.digest());
}
