//! `kagi console`: the AWS console as a role.
//!
//! The login address lets anybody in for 15 minutes (IAM User Guide, "Enable custom identity broker access"). It is
//! printed only when asked for; a browser gets an address on the loopback that redirects to it once, so that it stands in
//! no command line. What stands there every user of the machine can read: it holds no secret, and the kernel says whose
//! browser comes.

mod service;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use kagimori_id::hex;
use kagimori_session::endpoint::Service;
use kagimori_session::route::{Route, Source};
use kagimori_session::value::percent_encoded;
use kagimori_terminal::printer;
use subtle::ConstantTimeEq;

use super::peer;
use super::target::with_person;
use crate::args;
use crate::broker::Broker;
use crate::browser::{self, Listener};
use crate::error::KagiError;
use crate::files::random;
use crate::log;
use crate::vault::StoredSession;

/// The setting of `[kagi NAME]` or `[kagi]` that opens a browser, perhaps with a browser profile of its own.
const BROWSER: &str = "browser_cmd";
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
    let region = arguments.region.as_deref();
    with_person(region, &arguments.target, Some(&arguments.elevation), |broker| {
        if broker.route.hops.is_empty() && broker.route.source == Source::Key {
            return Err(KagiError::argument(
                format!("`{}` has no role, and the console is entered only by one", broker.route.name),
                "name a profile with `role_arn`, or `--account` and `--role`",
            ));
        }
        let session = broker.obtain()?;
        let page = match (&arguments.destination, &arguments.service) {
            (Some(page), _) => page.clone(),
            (None, Some(name)) => {
                let region = region_of(&broker.route, region).map(percent_encoded);
                service::page(host(&broker.route), name, region.as_deref())?
            }
            (None, None) => home(&broker.route, region),
        };
        let address = login_address(broker, &session, &page)?;
        log::used(broker, "console", &session, None);
        if arguments.print {
            printer::data(&format!("{address}\n"))?;
        } else {
            let of_profile = || broker.context.files.own_or_global(&broker.route.settings_of, BROWSER);
            let command =
                arguments.browser_cmd.clone().or_else(|| of_profile().map(|it| it.value.into_owned()));
            open(&address, command.as_deref(), &broker.route.name)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The console's home, in the partition of the role and the region of the profile.
fn home(route: &Route, region: Option<&str>) -> String {
    let host = host(route);
    match region_of(route, region) {
        Some(region) => format!("https://{host}/console/home?region={}", percent_encoded(region)),
        None => format!("https://{host}/"),
    }
}

/// The Region to begin in. One of another partition was meant for another profile, and is none of this console's.
fn region_of<'r>(route: &'r Route, region: Option<&'r str>) -> Option<&'r str> {
    let of = partition(route);
    region.or(route.region.as_deref()).filter(|region| kagimori_id::partition(region) == of)
}

fn partition(route: &Route) -> &str {
    match (&route.source, route.hops.last()) {
        (_, Some(hop)) => hop.role.partition(),
        (Source::Sso { role, .. }, None) => kagimori_id::partition(&role.portal.region),
        (Source::Key, None) => "aws",
    }
}

/// The console of the role's partition.
fn host(route: &Route) -> &'static str {
    match partition(route) {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        "aws-eusc" => "console.amazonaws-eusc.eu",
        _ => "console.aws.amazon.com",
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
        percent_encoded(destination),
        percent_encoded(&token)
    ))
}

/// Opens a browser at a one-time address of ours and redirects it.
fn open(address: &str, command: Option<&str>, profile: &str) -> Result<(), KagiError> {
    let listener = Listener::bind()?;
    // Where the system does not say who comes, knowing the path must do.
    let path = if peer::is_known() { "/".to_owned() } else { format!("/{}", hex(&random::<16>()?)) };
    let mut browser = browser::start(command, &format!("http://{}{path}", listener.here), profile)?;
    let until = Instant::now() + BROWSER_PATIENCE;
    while let Some(mut asked) = listener.next(until, &mut browser) {
        let is_path = bool::from(asked.target().0.as_bytes().ct_eq(path.as_bytes()));
        if is_path && asked.is_opened_by_the_person() {
            if asked.redirect(address) {
                return Ok(());
            }
        } else {
            asked.refuse();
        }
    }
    Err(KagiError::argument("no browser came for the console's address", "use `--print`, or `--browser-cmd`"))
}
