//! Asking for a code: which account, why, how long, and how the code comes. Says before it is sent who will be asked.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use kagimori_custody::{Draft, Event, Kind, Lasting, Mode, Policy, Refusal, RequestId, Rule, SeedId, Wish};
use kagimori_id::AccountId;
use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::{Desk, DeskError};
use crate::language::Language;
use crate::names;
use crate::page::refusal::Refused;
use crate::page::said;
use crate::page::shell::{Frame, Place, csrf};
use crate::show;
use crate::web::form::{Fields, Posted};
use crate::web::visitor::Signed;

/// What a link may fill in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Given {
    #[serde(default)]
    account: String,
}

pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Query(given): Query<Given>,
) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Ask for a root code", "root コードの申請");
    let body = {
        let book = desk.book();
        let Some(policy) = book.state.policy() else { return Refused::not_found(l).into_response() };
        let may: Vec<Target<'_>> = targets(policy).filter(|target| target.may_ask(policy, &signed)).collect();
        html! {
            h1 { (title) }
            @if may.is_empty() {
                p.note { (l.of(
                    "You are in no group that may ask for a code. People & policy says who is.",
                    "あなたはコードを申請できるグループに入っていません。申請できる人は「メンバーと規則」で確認できます。"
                )) }
            } @else { (form(l, &signed, policy, &may, &given, names::request(desk.clock.now()).ok().as_ref())) }
        }
    };
    Frame::of(&desk, &signed, Place::Requests, title).around(&body).into_response()
}

/// Something a code can be asked for.
struct Target<'a> {
    value: String,
    name: String,
    rule: &'a Rule,
}

impl Target<'_> {
    fn may_ask(&self, policy: &Policy, signed: &Signed) -> bool {
        policy.is_in_any(&signed.person, &self.rule.requesters)
    }
}

fn targets(policy: &Policy) -> impl Iterator<Item = Target<'_>> {
    let accounts = policy.file().accounts.iter().filter_map(|(id, account)| {
        let (_, rule) = policy.rule(Kind::RootCode, Some(*id))?;
        let name = format!("{} ({id})", kagimori_notice::tamed(&account.name, 60));
        policy.seed_of(*id).map(|_| Target { value: id.to_string(), name, rule })
    });
    let drills = policy.file().seeds.iter().filter(|(_, seed)| seed.practice).filter_map(|(id, _)| {
        let (_, rule) = policy.rule(Kind::Drill, None)?;
        Some(Target { value: format!("drill:{id}"), name: format!("{id} (drill)"), rule })
    });
    accounts.chain(drills)
}

fn form(
    l: Language,
    signed: &Signed,
    policy: &Policy,
    may: &[Target<'_>],
    given: &Given,
    id: Option<&RequestId>,
) -> Markup {
    html! {
        p.lead { (l.of(
            "What you write here is what people sign. It cannot be changed afterwards: who needs something else asks anew.",
            "ここに書いた内容に承認者が署名します。後から変更はできません（変更が必要な場合は新しく申請します）。"
        )) }
        form.sheet method="post" action="/requests/new" {
            (csrf(signed))
            @if let Some(id) = id { input type="hidden" name="id" value=(id); }
            fieldset {
                legend { (l.of("Which root?", "どのアカウントの root ですか")) }
                @for (place, target) in may.iter().enumerate() {
                    @let checked = if given.account.is_empty() { place == 0 } else { given.account == target.value };
                    label.choice {
                        input type="radio" name="target" value=(target.value) required checked[checked];
                        span { bdi { (target.name) } small { (asked(l, policy, target.rule)) } }
                    }
                }
            }
            label for="reason" { (l.of("Why?", "理由")) small { (l.of("People decide by this sentence, and auditors read it in a year.", "承認者はこの文で判断し、監査では後から読み返されます。")) } }
            textarea id="reason" name="reason" required maxlength="500" {}
            label for="ticket" { (l.of("Ticket, if there is one", "チケット番号（任意）")) }
            input id="ticket" name="ticket" maxlength="80" autocomplete="off";
            label for="minutes" { (l.of("For how long, from the approval on?", "承認後の有効時間")) }
            select id="minutes" name="minutes" {
                @for minutes in windows(may) { option value=(minutes) selected[minutes == 30] { (l.of(format!("{minutes} minutes"), format!("{minutes} 分"))) } }
            }
            fieldset {
                legend { (l.of("How does the code come to you?", "コードの受け取り方")) }
                @for (value, mode) in [("direct", Mode::Direct), ("phone", Mode::Phone)] {
                    @if may.iter().any(|target| target.rule.modes.contains(&mode)) {
                        label.choice {
                            input type="radio" name="mode" value=(value) checked[value == "direct"] required;
                            span { (show::mode(l, mode)) }
                        }
                    }
                }
            }
            div.acts { button { (l.of("Ask", "申請する")) } a.button.plain href="/" { (l.of("Not now", "やめる")) } }
        }
    }
}

/// Who will be asked.
fn asked(l: Language, policy: &Policy, rule: &Rule) -> String {
    let need = |need: &kagimori_custody::Need| {
        let members = policy.members([&need.group]).len();
        l.of(
            format!("{} of {members} in {}", need.count.get(), need.group),
            format!("{}（{members} 名中 {} 名）", need.group, need.count.get()),
        )
    };
    let needs: Vec<String> = rule.approvals.iter().map(need).collect();
    l.of(format!("Approved by {}", needs.join(" and ")), format!("承認: {}", needs.join("・")))
}

/// What the rules allow, in minutes.
fn windows(may: &[Target<'_>]) -> Vec<u32> {
    let most = may.iter().map(|target| target.rule.window.as_seconds() / 60).max().unwrap_or(30);
    [10, 15, 30, 60, 120, 240].into_iter().filter(|minutes| *minutes <= most).collect()
}

pub(crate) async fn submit(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    let fresh = || names::request(desk.clock.now()).ok();
    // A form has the name of its request from the beginning: sent twice it is one request.
    let Some(id) = names::of_form(posted.fields.get("id")).or_else(fresh) else {
        let title = l.of("The desk could not make a name for it", "申請番号を生成できませんでした");
        return Refused::new(StatusCode::INTERNAL_SERVER_ERROR, l, title, "").into_response();
    };
    let Some(mut draft) = draft(&posted.fields, id) else { return incomplete(l).into_response() };
    if let Some(is_same) = filed_before(&desk, &posted, &draft)
        && !is_same
        && let Some(id) = fresh()
    {
        // Whoever goes back, writes something else and sends it asks anew.
        draft.id = id;
    }
    let path = format!("/requests/{}", draft.id);
    let (by, from) = (posted.signed.person.clone(), Some(posted.signed.visitor.address));
    let done = desk.clone().submit(Event::Submit { by, from, through: None, draft: draft.clone() }).await;
    match done {
        Err(DeskError::Refused(refusal))
            if matches!(*refusal, Refusal::IdUsed(_))
                && filed_before(&desk, &posted, &draft) == Some(true) =>
        {
            (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response()
        }
        Ok(()) => (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response(),
        Err(error) => said::refused(l, &error).into_response(),
    }
}

/// Whether a request of that name is there already, and is what this person asks for now.
fn filed_before(desk: &Desk, posted: &Posted, draft: &Draft) -> Option<bool> {
    let book = desk.book();
    let ask = &book.state.request(&draft.id)?.ask;
    let (account, mode) = match &draft.wish {
        Wish::RootCode { account, mode } => (Some(*account), Some(*mode)),
        Wish::Drill { mode, .. } => (None, Some(*mode)),
        _ => (None, None),
    };
    let is_same_matter = ask.kind() == draft.wish.kind()
        && ask.matter.mode() == mode
        && (account.is_none() || ask.matter.account() == account);
    Some(
        ask.by == posted.signed.person
            && is_same_matter
            && ask.reason == draft.reason
            && ask.ticket == draft.ticket
            && ask.window == draft.window,
    )
}

fn draft(fields: &Fields, id: kagimori_custody::RequestId) -> Option<Draft> {
    let mode = match fields.get("mode") {
        "direct" => Mode::Direct,
        "phone" => Mode::Phone,
        _ => return None,
    };
    let wish = match fields.get("target").strip_prefix("drill:") {
        Some(seed) => Wish::Drill { seed: SeedId::parse(seed).ok()?, mode },
        None => Wish::RootCode { account: AccountId::parse(fields.get("target")).ok()?, mode },
    };
    let minutes: u32 = fields.get("minutes").parse().ok().filter(|minutes| *minutes <= 24 * 60)?;
    let ticket = Some(fields.get("ticket").to_owned()).filter(|ticket| !ticket.is_empty());
    let reason = fields.get("reason").replace("\r\n", "\n");
    Some(Draft { id, wish, reason, ticket, window: Lasting::minutes(minutes), follows: None })
}

fn incomplete(l: Language) -> Refused {
    let title = l.of("Something is missing in the form", "入力内容が足りません");
    let next = l.of(
        "Go back, and choose one of what is offered.",
        "前の画面に戻り、表示されている項目から選んでください。",
    );
    Refused::new(StatusCode::UNPROCESSABLE_ENTITY, l, title, next)
}
