//! The other doors: by way of the identity provider, and the operators' own.

use std::sync::Arc;

use axum::http::StatusCode;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer as Signer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::browser::Place;
use super::story::{approved, ask, viewer};
use crate::language::Language;
use crate::oidc;
use crate::oidc::tests::Issuer;
use crate::operators::{Client, Door, Settings};
use crate::page::{provider, sign_in};
use crate::routes;
use crate::web::connections::Patient;
use crate::web::session::By;
use crate::web::visitor::Visitor;

/// A desk whose people are those of a provider.
fn with_provider(issuer: &Issuer) -> Place {
    let mut place = Place::new();
    let mut settings = issuer.settings();
    let desk = Arc::get_mut(&mut place.desk).unwrap();
    // The play policy names its people by this issuer; the provider's own address is where it is asked.
    settings.issuer = issuer.address.clone();
    desk.settings.oidc = Some(settings);
    place
}

/// Somebody whom the policy names by another issuer is nobody, whatever the subject.
#[tokio::test]
async fn a_subject_of_another_issuer_is_nobody() {
    let issuer = Issuer::new();
    let place = with_provider(&issuer);
    let mut browser = place.stranger();
    assert!(browser.get("/sign-in").await.body.contains("/sign-in/provider"));
    let there = browser.get("/sign-in/provider").await;
    assert_eq!(there.status, StatusCode::SEE_OTHER, "{}", there.body);
    let cookie = there.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly") && cookie.contains("Secure"));
    issuer.gives_for(&there.location, place.desk.clock.now());
    let state = there.location.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let back = browser.get(&format!("/sign-in/provider/back?state={state}&code=c")).await;
    assert_eq!(back.status, StatusCode::FORBIDDEN);
    assert!(back.body.contains("does not know you") && back.body.contains("u-1001"), "{}", back.body);
    assert_eq!(browser.get("/").await.location, "/sign-in");
    let again = browser.get("/sign-in/provider/back?state=x&code=c&next=//evil.example").await;
    assert_eq!((again.status, again.location.as_str()), (StatusCode::FORBIDDEN, ""));
}

/// The provider's word opens pages and files requests; it approves nothing, and opens no code and no console.
#[tokio::test]
async fn a_providers_word_is_no_passkey() {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    let claimed = place.of("riku").await.sign(&path, "claim", &[("viewer", &viewer())]).await;
    for (person, pages) in [
        ("keiko", vec![format!("{path}/code"), format!("{path}/requester-code")]),
        ("riku", vec!["/operator".to_owned(), claimed.location.clone(), format!("{path}/operator-code")]),
    ] {
        let mut browser = place.stranger();
        let id = kagimori_custody::PersonId::parse(person).unwrap();
        let begun = sign_in::begin(&place.desk, &id, By::Provider, Language::En);
        for cookie in begun.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            browser.cookies.insert(name.to_owned(), value.to_owned());
        }
        assert_eq!(browser.get("/").await.status, StatusCode::OK, "{person}");
        for page in pages {
            let answer = browser.get(&page).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{person} {page}");
            assert!(answer.body.contains("needs your passkey"), "{person} {page}");
        }
        if person == "riku" {
            let release = browser.post(&format!("{}/release", claimed.location), &[]).await;
            assert_eq!(release.status, StatusCode::FORBIDDEN);
        }
    }
    // With a passkey the same people go on.
    assert_eq!(place.of("keiko").await.get(&format!("{path}/code")).await.status, StatusCode::OK);
}

/// Who comes back is somebody whom the policy names with this issuer and subject, and begins a session of its own.
#[tokio::test]
async fn a_person_is_an_issuer_and_a_subject_and_a_session_is_new() {
    let place = Place::new();
    let issuer = "https://id.shiosai.example";
    let keiko = {
        let book = place.desk.book();
        let policy = book.state.policy().map(AsRef::as_ref);
        for (issuer, subject) in [
            (issuer, "p-2001"),
            (issuer, "u-9"),
            ("https://id.shiosai.example/", "u-1001"),
            (issuer, "U-1001"),
        ] {
            assert!(oidc::person(policy, issuer, subject).is_err(), "{issuer} {subject}");
        }
        oidc::person(policy, issuer, "u-1001").unwrap()
    };
    assert_eq!(keiko.as_str(), "keiko");
    let now = place.desk.clock.now();
    let old = place.desk.sessions.begin("aoi", By::Passkey, now).unwrap();
    let session = place.desk.sessions.of_token(&old, true, now);
    let visitor = Visitor { address: [127, 0, 0, 1].into(), language: Language::En, session };
    let answer = provider::entered(&place.desk, &visitor, &keiko);
    assert!(place.desk.sessions.of_token(&old, true, now).is_none(), "whoever was signed in is so no more");
    let cookies: Vec<&str> =
        answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let own = cookies.iter().find_map(|cookie| cookie.strip_prefix("__Host-kagimori=")).unwrap();
    assert!(own.contains("SameSite=Strict"));
    let begun = place.desk.sessions.of_token(own.split(';').next().unwrap(), true, now).unwrap();
    assert_eq!((begun.person.as_str(), begun.by), ("keiko", By::Provider));
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-kagimori-provider=;")));
}

/// The files of a listener, made for this test: the desk's, an operator's, a stranger's.
struct Papers {
    folder: std::path::PathBuf,
    ca: String,
}

fn authority(name: &str) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    (params, KeyPair::generate().unwrap())
}

fn certified(name: &str, by: &(CertificateParams, KeyPair)) -> (String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let signer = Signer::from_params(&by.0, &by.1);
    (params.signed_by(&key, &signer).unwrap().pem(), key)
}

/// A request over TLS with a certificate, or why there was none.
async fn asked(
    papers: &Papers,
    address: std::net::SocketAddr,
    own: Option<&(String, KeyPair)>,
    path: &str,
    cookie: &str,
) -> Result<String, std::io::Error> {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(papers.ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => config
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("desk.shiosai.example").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: desk.shiosai.example\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// What operators do is done at their own door, with their own certificate, and from their networks all the same.
#[tokio::test]
async fn operators_have_a_door_of_their_own() {
    let mut place = Place::new();
    let (ours, others) = (authority("ours"), authority("others"));
    let desk_paper = certified("desk.shiosai.example", &ours);
    let (riku, aoi, stranger) = (
        certified("riku.operators.example", &ours),
        certified("aoi.operators.example", &ours),
        certified("riku.operators.example", &others),
    );
    let ca = ours.0.self_signed(&ours.1).unwrap().pem();
    let papers = Papers { folder: place.desk.settings.data.clone(), ca };
    std::fs::write(papers.folder.join("desk.pem"), &desk_paper.0).unwrap();
    std::fs::write(papers.folder.join("desk.key"), desk_paper.1.serialize_pem()).unwrap();
    std::fs::write(papers.folder.join("ca.pem"), &papers.ca).unwrap();
    let text = "listen = '127.0.0.1:0'\ncertificate = 'desk.pem'\nkey = 'desk.key'\nclients = 'ca.pem'\n\
                [people]\nriku = 'riku.operators.example'\naoi = 'aoi.operators.example'\n";
    let settings: Settings = toml::from_str(text).unwrap();
    let settings = settings.seen_from(&papers.folder);
    Arc::get_mut(&mut place.desk).unwrap().settings.operator_listener = Some(settings.clone());
    let path = ask(&mut place.of("keiko").await, "phone").await;
    // The ordinary door refuses it, before anything is looked at.
    let mut operator = place.of("riku").await;
    for (page, is_form) in [
        ("/operator".to_owned(), false),
        (format!("{path}/operator-code"), false),
        (path.replace("requests", "operator"), false),
        (format!("{path}/claim"), true),
        (format!("{path}/cl%61im"), true),
        (format!("{path}/ask/claim"), true),
        (format!("{}/release", path.replace("requests", "operator")), true),
        (format!("{}/pin", path.replace("requests", "operator")), true),
    ] {
        let answer = if is_form { operator.post(&page, &[]).await } else { operator.get(&page).await };
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{page}");
        assert!(answer.body.contains("a door of their own"), "{page}: {}", answer.body);
    }
    assert_eq!(operator.get("/").await.status, StatusCode::OK, "the rest is there");
    let door = Door::open(settings).await.unwrap();
    let address = axum::serve::Listener::local_addr(&door).unwrap().address;
    let service = routes::of(Arc::clone(&place.desk)).into_make_service_with_connect_info::<Client>();
    tokio::spawn(async move { axum::serve(Patient::new(door), service).await });
    let cookie: String = operator.cookies.iter().map(|(name, value)| format!("{name}={value}; ")).collect();
    let cookie = cookie.trim_end_matches("; ");
    // Without a certificate, or with one of somebody else's authority, nobody comes in at all.
    assert!(asked(&papers, address, None, "/operator", cookie).await.is_err());
    assert!(asked(&papers, address, Some(&stranger), "/operator", cookie).await.is_err());
    let own = asked(&papers, address, Some(&riku), "/operator", cookie).await.unwrap();
    assert!(own.starts_with("HTTP/1.1 200"), "{own}");
    let of_another = asked(&papers, address, Some(&aoi), "/operator", cookie).await.unwrap();
    assert!(of_another.starts_with("HTTP/1.1 403") && of_another.contains("not yours"), "{of_another}");
    let nobody = asked(&papers, address, Some(&riku), "/operator", "").await.unwrap();
    assert!(nobody.starts_with("HTTP/1.1 303"), "a certificate signs nobody in: {nobody}");
}
