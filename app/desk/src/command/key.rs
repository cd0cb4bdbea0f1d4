//! `key`: a key for a command line. It counts when a quorum has taken it into the policy, and no earlier.

use std::fs::OpenOptions;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{KeyName, PersonId};
use kagimori_id::hex;
use kagimori_passkey::PublicKey;
use kagimori_terminal::printer;
use zeroize::Zeroizing;

use super::client::signer;
use super::{Done, told};
use crate::args::KeyArgs;
use crate::random;
use crate::settings::must_be_origin;

/// Makes the file, and prints the line of the policy.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn run(args: &KeyArgs) -> Done {
    let desk = args.desk.trim_end_matches('/');
    must_be_origin(desk)?;
    let named = "names are short and in lower case, as the policy has them";
    PersonId::parse(&args.person).map_err(|error| told(error, named))?;
    KeyName::parse(&args.name).map_err(|error| told(error, named))?;
    let seed = random::bytes::<32>().map_err(|error| told(error, "look at the machine"))?;
    let seed = Zeroizing::new(seed);
    let key = signer(&seed)?;
    let PublicKey::Ed25519(public) = key.public() else {
        return Err(told("the key is of another kind", "this is a fault of the program"));
    };
    let text = Zeroizing::new(format!(
        "# Whoever has this file signs as {}. Keep it as a password; `kagimori-desk` reads it.\ndesk = {desk:?}\nperson = {:?}\nkey = {:?}\nsecret = \"{}\"\n",
        args.person,
        args.person,
        args.name,
        hex(seed.as_slice())
    ));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&args.out).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| {
        told(format!("`{}`: {error}", args.out.display()), "name a file with `--out` that is not there yet")
    })?;
    printer::note(&format!(
        "`{}` is yours alone. Propose a policy that has this line among the keys of `{}`; the key counts when a quorum has approved it.",
        args.out.display(),
        args.person
    ));
    let line = format!(
        "{{ name = {:?}, kind = \"ed25519\", public = \"{}\" }}\n",
        args.name,
        STANDARD.encode(public)
    );
    printer::data(&line).map_err(|error| told(error, "look at where it is printed to"))
}
