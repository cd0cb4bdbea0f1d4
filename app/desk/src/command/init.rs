//! `init`: asks what it has to know, writes `desk.toml`, the log's key, the trust policy of the vault and a policy to begin with, and says
//! what is left to do. Nothing that is there is overwritten.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;

use kagimori_ledger::VerifyingKey;
use kagimori_ledger::key::SigningKey;
use kagimori_terminal::printer;

use super::{Done, open, told};
use crate::args::InitArgs;
use crate::outside;
use crate::settings::Settings;

/// What a policy looks like: the one of the play desk, without keys.
const POLICY: &str = include_str!("../dev/policy.toml");

/// Asks, writes, tests.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn run(arguments: &InitArgs) -> Done {
    let dir = &arguments.dir;
    let file = dir.join("desk.toml");
    if file.exists() {
        return Err(told(
            format!("`{}` is there already", file.display()),
            "change it by hand, or name another folder with `--dir`",
        ));
    }
    let company = asked(&arguments.company, "Whose desk is it?", "Example")?;
    let origin = asked(
        &arguments.origin,
        "The address that people open (TLS ends at a proxy before the desk)",
        "https://desk.example.co.jp",
    )?;
    let listen = asked(&arguments.listen, "Where does it listen?", "127.0.0.1:8440")?;
    let proxies =
        asked(&arguments.proxy, "The network of the proxy before it; empty: there is none", "127.0.0.1/32")?;
    let vault = asked(&arguments.vault, "The socket of the vault", "/run/kagimori-desk-vault/vault.sock")?;
    let witness = asked(
        &arguments.witness,
        "The address of the witness, on a machine of the auditors",
        "https://witness.example.co.jp",
    )?;
    let key = asked(&arguments.witness_key, "The witness's key, as it printed it at its start", "")?;
    let public = VerifyingKey::parse(&key).map_err(|error| {
        told(
            format!("the witness's key: {error}"),
            "start `kagimori-desk witness` on the auditors' machine first, and copy the line that it prints",
        )
    })?;
    let proxies = if proxies.is_empty() { String::new() } else { quoted(&proxies) };
    let [company, origin, listen, vault, witness, key] =
        [&company, &origin, &listen, &vault, &witness, &key].map(|text| quoted(text));
    let text = format!(
        "# Written by `kagimori-desk init`; docs/desk.md lists every setting.\ncompany = {company}\norigin = {origin}\nlisten = {listen}\n\
         data = \"data\"\nvault = {vault}\ntrusted_proxies = [{proxies}]\nhours_from_utc = 9\n\n\
         # The log in PostgreSQL instead of a file in `data`:\n# store = \"postgresql://desk@db.example.co.jp/desk\"\n# store_password = \"file:database.password\"\n\n\
         [witness]\naddress = {witness}\nkey = {key}\n\n\
         # Where people are told, as in kagimori.toml:\n# [channels.sre]\n# kind = \"slack\"\n# address = \"env:SLACK_WEBHOOK\"\n\n\
         # People may sign in at the identity provider, to ask and to read:\n# [oidc]\n# issuer = \"https://id.example.co.jp\"\n# client = \"kagimori-desk\"\n# secret = \"env:DESK_OIDC\"\n\n\
         # A door of the operators' own, with certificates on both sides:\n# [operator_listener]\n# listen = \"10.20.0.5:443\"\n# certificate = \"desk.pem\"\n# key = \"desk.key\"\n# clients = \"operators-ca.pem\"\n"
    );
    let settings = Settings::of(&text, dir)?;
    let failed = |error: io::Error| {
        told(format!("`{}`: {error}", dir.display()), "name a folder that you may write with `--dir`")
    };
    fs::create_dir_all(&settings.data).map_err(failed)?;
    open::make_key(&settings.data.join("log.key"))
        .map_err(|error| told(error, "a key that is there stays: name another folder with `--dir`"))?;
    let secret =
        open::read_key(&settings.data.join("log.key")).map_err(|error| told(error, "look at the folder"))?;
    let log = SigningKey::from_seed(&settings.log_name(), &secret)
        .map_err(|error| told(error, "write `origin` without a path"))?;
    let trust = format!("log {}\nwitness auditors {public}\nquorum auditors\n", log.public());
    new_file(&dir.join("trust"), &trust).map_err(failed)?;
    new_file(&dir.join("policy.toml"), POLICY).map_err(failed)?;
    new_file(&file, &text).map_err(failed)?;
    tell(&settings, dir, &log);
    printer::data(&format!("{}\n", file.display()))
        .map_err(|error| told(error, "look at where it is printed to"))
}

/// What was tested, and what is left.
fn tell(settings: &Settings, dir: &Path, log: &SigningKey) {
    let witness = settings.witness.as_ref().map(|witness| witness.address.clone()).unwrap_or_default();
    match outside::get(&witness) {
        Ok(_) => printer::note("The witness answers."),
        Err(why) => printer::warning(&format!("the witness does not answer yet: {why}")),
    }
    let clocks =
        settings.clocks.iter().filter(|address| outside::offset_ms(address, jiff::Timestamp::now).is_some());
    if clocks.count() == 0 {
        printer::warning(
            "nobody else tells the time: name addresses that answer in `clocks`, or no code is released",
        );
    }
    let dir = dir.display();
    printer::note(&format!(
        "Left to do:\n\
         1. on the witness: let it know the log, `kagimori-desk witness --log {}`\n\
         2. the vault: `kagimori-desk-vault init`, then `kagimori-desk-vault run --trust {dir}/trust --origin {} …` as a user of its own\n\
         3. start the desk: `kagimori-desk serve --settings {dir}/desk.toml`; everybody makes a passkey at {}/enrol and gives you what it shows\n\
         4. write the people into {dir}/policy.toml, look at it with `kagimori-desk policy check {dir}/policy.toml`\n\
         5. stop the desk, `kagimori-desk found --settings {dir}/desk.toml --policy {dir}/policy.toml`, start it again\n\
         6. ask for the first seed on the page Root accounts; take a backup with `kagimori-desk backup` every hour",
        log.public(),
        settings.origin,
        settings.origin
    ));
}

/// What was given, or an answer from the terminal.
fn asked(given: &Option<String>, question: &str, example: &str) -> Result<String, (String, String)> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    printer::note(&format!(
        "{question}{}",
        if example.is_empty() { String::new() } else { format!(" [{example}]") }
    ));
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    let read =
        read.map_err(|error| told(error, "give the answers as options: `kagimori-desk init --help`"))?;
    if read == 0 {
        return Err(told(
            format!("nobody answers: {question}"),
            "give the answers as options: `kagimori-desk init --help`",
        ));
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { example.to_owned() } else { answer.to_owned() })
}

/// As TOML writes a string (TOML 1.0, "String"): what Rust escapes (combining letters, as names from a Mac have them) is not what TOML knows.
fn quoted(text: &str) -> String {
    let mut written = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => written.extend(['\\', letter]),
            letter if letter.is_control() => written.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => written.push(letter),
        }
    }
    written.push('"');
    written
}

fn new_file(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as a Mac writes them (combining marks), with quotes, control letters and letters beyond the first plane.
    #[test]
    fn names_of_every_company_are_written_and_read_again() {
        for name in [
            "Shiosai",
            "潮騒",
            "か\u{3099}き\u{3099}",
            "Cafe\u{301}",
            "a\"b\\c'd",
            "\u{7f}\t",
            "🏢\u{200d}👩",
        ] {
            let text = format!("company = {}", quoted(name));
            let read: toml::Table = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(read["company"].as_str(), Some(name));
        }
    }
}
