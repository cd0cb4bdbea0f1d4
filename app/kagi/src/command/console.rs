//! `kagi console`: the AWS console as a role.
//!
//! The login address lets anybody in for 15 minutes (IAM User Guide, "Enable custom identity broker access"). It is
//! printed only when asked for; a browser gets an address on the loopback that redirects to it once, so that it stands in
//! no command line. What stands there every user of the machine can read: it holds no secret, and the kernel says whose
//! browser comes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use kagimori_id::hex;
use kagimori_session::endpoint::Service;
use kagimori_session::route::Route;
use subtle::ConstantTimeEq;

use super::peer;
use super::serve::header;
use super::target::with_broker;
use crate::args;
use crate::broker::Broker;
use crate::context::Caller;
use crate::error::KagiError;
use crate::files::random;
use crate::log;
use crate::place::variable;
use crate::printer;
use crate::vault::StoredSession;

/// A browser that starts cold.
const BROWSER_PATIENCE: Duration = Duration::from_secs(60);

/// `kagi console`
pub(crate) fn run(arguments: &args::Console) -> Result<ExitCode, KagiError> {
    let is_page = |page: &String| page.starts_with("https://") && !page.contains(char::is_whitespace);
    if arguments.destination.as_ref().is_some_and(|page| !is_page(page)) {
        return Err(KagiError::argument(
            "`--destination` is not an https address",
            "for instance `--destination https://console.aws.amazon.com/s3/home`",
        ));
    }
    with_broker(&arguments.target, Some(&arguments.elevation), Caller::Person, |broker| {
        if broker.route.hops.is_empty() {
            return Err(KagiError::argument(
                format!("`{}` has no role, and the console is entered only by one", broker.route.name),
                "name a profile with `role_arn`, or `--account` and `--role`",
            ));
        }
        let session = broker.obtain()?;
        let page = arguments.destination.clone().unwrap_or_else(|| home(&broker.route));
        let address = login_address(broker, &session, &page)?;
        log::used(broker, "console", &session, None);
        if arguments.print {
            printer::data(&format!("{address}\n"))?;
        } else {
            open(&address, arguments.browser_cmd.as_deref(), &broker.route.name)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The console's home, in the partition of the role and the region of the profile.
fn home(route: &Route) -> String {
    let host = match route.hops.last().map(|hop| hop.role.partition()) {
        Some("aws-cn") => "console.amazonaws.cn",
        Some("aws-us-gov") => "console.amazonaws-us-gov.com",
        Some("aws-eusc") => "console.amazonaws-eusc.eu",
        _ => "console.aws.amazon.com",
    };
    match &route.region {
        Some(region) => format!("https://{host}/console/home?region={}", escaped(region)),
        None => format!("https://{host}/"),
    }
}

fn login_address(
    broker: &Broker<'_, '_>,
    session: &StoredSession,
    destination: &str,
) -> Result<String, KagiError> {
    let signin = broker.context.endpoint_of(Service::Signin, &broker.route)?;
    let federation = format!("{}/federation", signin.url);
    // SessionDuration is left out: with chained roles the call would fail, and the console session then lasts as long as
    // the credentials do.
    let token = broker
        .client()?
        .signin_token(&federation, &session.credentials()?)
        .map_err(|source| KagiError::call(source, &format!("`{}`", broker.route.name)))?;
    Ok(format!(
        "{federation}?Action=login&Issuer=kagi&Destination={}&SigninToken={}",
        escaped(destination),
        escaped(&token)
    ))
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// Opens a browser at a one-time address of ours and redirects it.
fn open(address: &str, browser: Option<&str>, profile: &str) -> Result<(), KagiError> {
    let failed = |source| KagiError::Run { command: "the redirect on 127.0.0.1".to_owned(), source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let here = listener.local_addr().map_err(failed)?;
    // Where the system does not say who comes, knowing the path must do.
    let path = if peer::is_known() { "/".to_owned() } else { format!("/{}", hex(&random::<16>()?)) };
    let own = format!("http://{here}{path}");
    start(browser, &own, profile)?;
    let begun = Instant::now();
    while begun.elapsed() < BROWSER_PATIENCE {
        match listener.accept() {
            // Before a byte is read: another user shall not even be able to keep us waiting.
            Ok((mut stream, from)) => {
                if peer::is_ours(from, here) && redirect(&mut stream, here, &path, address).unwrap_or(false) {
                    return Ok(());
                }
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    Err(KagiError::argument("no browser came for the console's address", "use `--print`, or `--browser-cmd`"))
}

/// Answers one request; whether it was the one.
fn redirect(
    stream: &mut std::net::TcpStream,
    here: SocketAddr,
    path: &str,
    address: &str,
) -> std::io::Result<bool> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = [0; 2048];
    let length = stream.read(&mut request)?;
    let line = String::from_utf8_lossy(request.get(..length).unwrap_or_default()).into_owned();
    let asked = line.split(' ').nth(1).unwrap_or_default();
    let is_path = line.starts_with("GET ") && bool::from(asked.as_bytes().ct_eq(path.as_bytes()));
    if is_path && is_opened_by_the_person(&line, here) {
        write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: {address}\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        return Ok(true);
    }
    stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    Ok(false)
}

/// Not a page that was made to resolve to 127.0.0.1, which sends its own name, nor one that only asks in passing: browsers
/// say `none` of an address that was opened from outside (Fetch Metadata, `Sec-Fetch-Site`).
fn is_opened_by_the_person(request: &str, here: SocketAddr) -> bool {
    let own = [here.to_string(), format!("localhost:{}", here.port())];
    let host = header(request, "host").unwrap_or_default();
    own.iter().any(|own| own == host) && header(request, "sec-fetch-site").is_none_or(|site| site == "none")
}

fn start(browser: Option<&str>, url: &str, profile: &str) -> Result<(), KagiError> {
    let fallback = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let template =
        browser.map(str::to_owned).or_else(|| variable("BROWSER")).unwrap_or_else(|| fallback.to_owned());
    let mut words: Vec<String> = template
        .split_whitespace()
        .map(|word| word.replace("{url}", url).replace("{profile}", profile))
        .collect();
    if !template.contains("{url}") {
        words.push(url.to_owned());
    }
    let Some((program, arguments)) = words.split_first() else {
        return Err(KagiError::argument(
            "`--browser-cmd` is empty",
            "for instance `--browser-cmd 'firefox {url}'`",
        ));
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .map_err(|source| KagiError::Run { command: program.clone(), source })
}
