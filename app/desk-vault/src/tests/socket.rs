//! The socket: who may speak, and what is no message.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use kagimori_sealing::protocol::{Answer, Call, VERSION, framed};
use ring::rand::SystemRandom;

use super::scene::{Folder, Scene};
use crate::serve;

fn asked(scene: &mut Scene, bytes: &[u8], uid: u32) -> (std::io::Result<()>, Vec<u8>) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(bytes).unwrap();
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    let done = serve::one(theirs, &mut scene.vault, uid, "boot-1", &SystemRandom::new());
    let mut answer = Vec::new();
    // Who is hung up on may hear of it.
    drop(ours.read_to_end(&mut answer));
    (done, answer)
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

#[test]
fn calls_are_answered_one_after_the_other() {
    let folder = Folder::new("socket");
    let mut scene = Scene::new(&folder.0, "T0", None);
    let hello = framed(&Call::Hello { version: VERSION }).unwrap();
    let (done, answer) = asked(&mut scene, &[hello.as_slice(), &hello].concat(), uid());
    assert!(done.is_ok());
    let (first, rest) = answer.split_first_chunk::<4>().unwrap();
    let length = u32::from_be_bytes(*first) as usize;
    assert!(matches!(serde_json::from_slice(&rest[..length]).unwrap(), Answer::Hello(_)));
    assert_eq!(rest.len(), length + 4 + length, "two answers");
    let old = framed(&Call::Hello { version: VERSION + 1 }).unwrap();
    let (_, answer) = asked(&mut scene, &old, uid());
    assert!(String::from_utf8_lossy(&answer).contains("refused"));
}

#[test]
fn another_uid_hears_nothing() {
    let folder = Folder::new("socket-uid");
    let mut scene = Scene::new(&folder.0, "T0", None);
    let hello = framed(&Call::Hello { version: VERSION }).unwrap();
    let (done, answer) = asked(&mut scene, &hello, uid() + 1);
    assert_eq!(done.unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    assert!(answer.is_empty());
}

#[test]
fn what_is_no_message_closes_the_connection() {
    let folder = Folder::new("socket-odd");
    let mut scene = Scene::new(&folder.0, "T0", None);
    let json = |text: &str| [(text.len() as u32).to_be_bytes().as_slice(), text.as_bytes()].concat();
    for bytes in [
        vec![0, 0],
        vec![0xff; 8],
        vec![0, 0, 0, 9, b'{'],
        json("{}"),
        json(r#"{"call":"seed"}"#),
        json(r#"{"call":"hello","version":1,"more":2}"#),
        json("[1]"),
        json(&"[".repeat(10_000)),
    ] {
        let (done, answer) = asked(&mut scene, &bytes, uid());
        assert!(done.is_err() && answer.is_empty(), "{:?}", String::from_utf8_lossy(&bytes));
    }
    assert!(asked(&mut scene, b"", uid()).0.is_ok());
}

#[test]
fn the_socket_is_for_its_owner_and_group_and_replaces_an_old_one() {
    let folder = Folder::new("socket-file");
    let path = folder.0.join("vault.sock");
    drop(serve::listen(&path).unwrap());
    drop(serve::listen(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "a file of somebody").unwrap();
    assert!(serve::listen(&path).is_err(), "only a socket is taken away");
}
