//! The seed is nowhere: in no page, no entry, no letter, no file. The same of PINs, but on the one page that shows it.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use kagimori_id::hex;

use super::browser::{Place, SECRET};
use super::story::{approved, pin, spaced, viewer};

/// The forms in which a secret might get out.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let reversed: Vec<u8> = secret.iter().rev().copied().collect();
    let mut forms = vec![secret.to_vec(), reversed.clone()];
    for bytes in [secret, &reversed] {
        let hex = hex(bytes);
        forms.extend([hex.clone().into_bytes(), hex.to_uppercase().into_bytes()]);
        for base64 in [
            STANDARD.encode(bytes),
            STANDARD_NO_PAD.encode(bytes),
            URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
        ] {
            forms.push(base64.into_bytes());
        }
        forms.push(base32(bytes).into_bytes());
        forms.push(base32(bytes).to_lowercase().into_bytes());
    }
    forms
}

fn base32(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    bits.as_bytes()
        .chunks(5)
        .map(|five| {
            let text: String = five.iter().map(|bit| char::from(*bit)).collect();
            char::from(letters[usize::from_str_radix(&format!("{text:0<5}"), 2).unwrap()])
        })
        .collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { files(&path) } else { fs::read(&path).unwrap() });
    }
    bytes
}

#[tokio::test]
async fn the_seed_is_nowhere_and_the_pin_on_one_page() {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    let mut requester = place.of("keiko").await;
    let pin = pin(&mut requester, &path).await;
    requester.post(&format!("{path}/ready"), &[("viewer", &viewer())]).await;
    let mut operator = place.of("riku").await;
    let console = operator.sign(&path, "claim", &[]).await.location;
    operator.post(&format!("{console}/pin"), &[("pin", &pin)]).await;
    let released = operator.post(&format!("{console}/release"), &[]).await;
    assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.body);
    let count = place.desk.book().leaves.len();
    let mut seen = files(place.folder.path());
    for person in ["keiko", "aoi", "minato", "riku", "tetsuo"] {
        let mut browser = place.of(person).await;
        for page in [
            "/",
            "/requests",
            &path,
            &console,
            "/operator",
            "/accounts",
            "/people",
            "/record",
            "/notices",
            "/health",
            "/me",
        ] {
            seen.extend(browser.get(page).await.body.into_bytes());
        }
        for index in 0..count {
            seen.extend(browser.get(&format!("/record/{index}")).await.body.into_bytes());
        }
    }
    seen.extend(format!("{:?} {:?}", place.desk, place.desk.vault).into_bytes());
    for (place, form) in forms(&SECRET).iter().enumerate() {
        assert!(!holds(&seen, form), "form {place} of the seed");
    }
    let spaced = spaced(&pin);
    // Eight digits alone may be a part of a hash by chance; a PIN that is told stands between something.
    for form in [spaced.clone(), format!(">{pin}<"), format!("\"{pin}\""), format!(" {pin} ")] {
        assert!(!holds(&seen, form.as_bytes()), "the PIN is told to others");
    }
    assert!(holds(requester.get(&format!("{path}/code")).await.body.as_bytes(), spaced.as_bytes()));
    assert!(holds(&[1, 2, 3, 4], &[2, 3]), "the search itself works");
}
