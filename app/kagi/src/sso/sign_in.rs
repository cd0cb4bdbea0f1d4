//! A person signs in: the machine of `kagimori_session::sso::flow`, driven.

use std::cell::Cell;
use std::time::{Duration, Instant};

use kagimori_aws::{Cause, Client, StsError};
use kagimori_id::hex;
use kagimori_session::sso::flow::{DeviceCode, Do, Entropy, Flow};
use kagimori_session::sso::login::{Client as Registered, Login, Token, Way};
use kagimori_session::value::words;
use kagimori_terminal::printer;

use super::Center;
use super::loopback::Loopback;
use crate::browser;
use crate::context::Context;
use crate::error::KagiError;
use crate::files::random;
use crate::vault::Vault;

/// Where clients are kept: they outlive sign-ins.
const CLIENT_KIND: &str = "sso-client";

/// How a person wants to sign in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'h> {
    /// By the device code, even with a browser.
    pub(crate) device: bool,
    /// The browser's command.
    pub(crate) browser: Option<&'h str>,
}

/// Signs in, and keeps the sign-in.
pub(crate) fn sign_in(
    context: &Context<'_>,
    vault: &Vault,
    client: &Client,
    center: &Center,
    how: How<'_>,
) -> Result<Login, KagiError> {
    let way = if how.device || !browser::is_here(how.browser) { Way::Device } else { Way::Browser };
    let is_told = Cell::default();
    let under_way = UnderWay { context, vault, client, center, browser: how.browser, is_told };
    let token = match under_way.go(way) {
        // A browser that cannot be started is none.
        Err(KagiError::Run { source, command }) if way == Way::Browser => {
            printer::note(&format!("`{command}` cannot be run ({source}): signing in by a device code"));
            under_way.go(Way::Device)?
        }
        other => other?,
    };
    let (registered, token) = token;
    let now = context.now().as_second();
    let portal = &center.portal;
    let login = Login::new(hex(&random::<16>()?), &portal.start_url, &portal.region, registered, token, now);
    // Under the lock of refreshes: one that is under way must not write the old sign-in over the new one.
    let _lock = crate::lock::lock(&center.lock_path(vault), Duration::from_secs(30))?;
    center.store(vault, &login)?;
    Ok(login)
}

struct UnderWay<'u, 'a> {
    context: &'u Context<'a>,
    vault: &'u Vault,
    client: &'u Client,
    center: &'u Center,
    browser: Option<&'u str>,
    /// Whether it was told that there is no answer.
    is_told: Cell<bool>,
}

impl UnderWay<'_, '_> {
    fn now(&self) -> jiff::Timestamp {
        self.context.now()
    }

    fn known_client(&self, way: Way) -> Option<Registered> {
        self.vault.note(CLIENT_KIND, &self.client_id(way)).unwrap_or_default()
    }

    fn client_id(&self, way: Way) -> String {
        format!("{way:?} {} {}", self.center.portal.start_url, self.center.oidc.url)
    }

    fn go(&self, way: Way) -> Result<(Registered, Token), KagiError> {
        let entropy = Entropy::new(&random::<32>()?, &random::<32>()?);
        let listener = match way {
            Way::Browser => Some(Loopback::bind()?),
            Way::Device => None,
        };
        let redirect = listener.as_ref().map(Loopback::callback).unwrap_or_default();
        let now = self.now().as_second();
        let mut flow = Flow::new(self.center.portal.clone(), way, self.known_client(way), entropy, now);
        let mut is_new = false;
        let began = Instant::now();
        let mut ends_in = Duration::ZERO;
        loop {
            let step = self.step(&mut flow, &redirect, listener.as_ref(), way, &mut ends_in, began);
            match step {
                Ok(Went::On) => {}
                Ok(Went::Registered) => is_new = true,
                Ok(Went::Token(token)) => {
                    let Some(client) = flow.client().cloned() else {
                        return Err(KagiError::Form("a sign-in without a client".into()));
                    };
                    return Ok((client, token));
                }
                // A client that was kept and is not known any more is registered anew, once.
                Err(error) if error.cause() == Some(Cause::Client) && !is_new && flow.forget_client() => {
                    self.vault.remove_note(CLIENT_KIND, &self.client_id(way))?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn step(
        &self,
        flow: &mut Flow,
        redirect: &str,
        listener: Option<&Loopback>,
        way: Way,
        ends_in: &mut Duration,
        began: Instant,
    ) -> Result<Went, KagiError> {
        let (client, oidc) = (self.client, &self.center.oidc);
        let of = self.center.portal.name();
        let failed = |source| KagiError::call(source, of);
        match flow.next(&oidc.url, redirect, self.now().as_second()) {
            Do::Register(registration) => {
                let registered = client.register_client(oidc, &registration, way).map_err(failed)?;
                self.vault.put_note(CLIENT_KIND, &self.client_id(way), &registered)?;
                flow.took_client(registered);
                Ok(Went::Registered)
            }
            Do::Browse(address) => {
                let Some(listener) = listener else { return Err(KagiError::Form("a browser".into())) };
                printer::note(&format!(
                    "opening the browser to sign in at {}; on a machine without one: `{} --device`",
                    self.center.portal.start_url, self.center.command
                ));
                listener.browse(&address, self.browser, of, |path, query| flow.took_request(path, query))?;
                Ok(Went::On)
            }
            Do::Exchange { client: registered, code, verifier, redirect } => client
                .create_token_of_code(oidc, registered, code, verifier, redirect)
                .map(Went::Token)
                .map_err(failed),
            Do::StartDevice(registered) => {
                let device = client
                    .start_device_authorization(oidc, registered, &self.center.portal.start_url, self.now())
                    .map_err(failed)?;
                *ends_in = show(&device, self.now().as_second()) + began.elapsed();
                flow.took_device(device, self.now().as_second());
                Ok(Went::On)
            }
            Do::Wait(seconds) => {
                // Also by the machine's own count: a clock that is set back meanwhile must not keep us for ever.
                if began.elapsed() > *ends_in {
                    return Err(too_late(&self.center.command));
                }
                std::thread::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or(1).min(60)));
                Ok(Went::On)
            }
            Do::Poll(registered, code) => match client.create_token_of_device(oidc, registered, code) {
                Ok(token) => Ok(Went::Token(token)),
                Err(error) => self.pending(flow, error),
            },
            Do::TooLate => Err(too_late(&self.center.command)),
        }
    }

    /// What is not yet a no.
    fn pending(&self, flow: &mut Flow, error: StsError) -> Result<Went, KagiError> {
        let now = self.now().as_second();
        match error.cause() {
            // What somebody else answers, a proxy or the page of a network to sign in at, gets no better by asking on.
            None if matches!(error, StsError::Answer { status: ..500, .. }) => {
                return Err(KagiError::call(error, self.center.portal.name()));
            }
            None if !self.is_told.replace(true) => {
                printer::note(&format!("{error}: asking on"));
                flow.took_pending(true, now);
            }
            Some(Cause::Pending) => flow.took_pending(false, now),
            // RFC 8628, section 3.5: on a connection timeout, too, the pace is reduced.
            Some(Cause::SlowDown | Cause::Busy) | None => flow.took_pending(true, now),
            Some(Cause::Grant) => return Err(too_late(&self.center.command)),
            _ => return Err(KagiError::call(error, self.center.portal.name())),
        }
        Ok(Went::On)
    }
}

enum Went {
    On,
    Registered,
    Token(Token),
}

/// Shows the code; returns how long it is good.
fn show(device: &DeviceCode, now: i64) -> Duration {
    let left = (device.ends_at - now).max(0);
    printer::note(&format!(
        "sign in, in a browser anywhere, within {}:\n  {}\nand check that the page shows this code: {}",
        words(left),
        device.address_with_code,
        device.user_code
    ));
    Duration::from_secs(u64::try_from(left).unwrap_or_default())
}

fn too_late(command: &str) -> KagiError {
    KagiError::NotGiven { what: "the sign-in in the browser", command: command.to_owned() }
}
