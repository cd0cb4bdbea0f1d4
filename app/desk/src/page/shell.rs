//! What is around every page: the bar, the way to the other pages, the language, and who you are.

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

use crate::desk::Desk;
use crate::language::Language;
use crate::page::asset;
use crate::web::visitor::Signed;

/// Where a page is among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    NeedsYou,
    Requests,
    Operator,
    Accounts,
    People,
    Record,
    Notices,
    Health,
    /// In no list.
    Aside,
}

const PLACES: [(Place, &str, &str, &str); 8] = [
    (Place::NeedsYou, "/", "Needs you", "要対応"),
    (Place::Requests, "/requests", "Requests", "申請"),
    (Place::Operator, "/operator", "Operator", "オペレーター"),
    (Place::Accounts, "/accounts", "Root accounts", "root アカウント"),
    (Place::People, "/people", "People & policy", "メンバーと規則"),
    (Place::Record, "/record", "Record", "監査記録"),
    (Place::Notices, "/notices", "Notifications", "通知"),
    (Place::Health, "/health", "Health", "稼働状況"),
];

/// A page and what is around it.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) language: Language,
    pub(crate) signed: Option<&'a Signed>,
    pub(crate) place: Place,
    pub(crate) title: &'a str,
}

impl<'a> Frame<'a> {
    /// Around a page of somebody who is signed in.
    pub(crate) fn of(desk: &'a Desk, signed: &'a Signed, place: Place, title: &'a str) -> Self {
        Self { desk, language: signed.visitor.language, signed: Some(signed), place, title }
    }

    /// The whole page.
    pub(crate) fn around(&self, body: &Markup) -> Html<String> {
        let (l, version) = (self.language, asset::version());
        let csrf = self.signed.map(|signed| signed.session.csrf());
        let page = html! {
            (DOCTYPE)
            html lang=(l.code()) data-dev[self.desk.dev.is_some()] data-csrf=[csrf] data-live[self.signed.is_some()] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · " (l.of("Kagimori desk", "鍵守デスク")) }
                    link rel="stylesheet" href={ "/asset/" (version) "/desk.css" };
                    link rel="icon" href={ "/asset/" (version) "/icon.svg" } type="image/svg+xml";
                    script src={ "/asset/" (version) "/desk.js" } defer {}
                }
                body {
                    a.skip href="#main" { (l.of("Skip to the content", "本文へ移動")) }
                    @if self.desk.dev.is_some() { (self.dev_bar()) }
                    (self.bar())
                    @if self.desk.is_sealed() {
                        p.sealed role="alert" {
                            strong { (l.of("The desk is sealed.", "デスクは封印されています。")) } " "
                            (l.of("No code leaves it until a quorum opens it again.", "定足数の承認で解除されるまで、コードは一切発行されません。"))
                        }
                    }
                    @if let Some(rollback) = self.desk.held() {
                        p.sealed role="alert" {
                            strong { (l.of(format!("The record lacks its last {} entries.", rollback.lost()), format!("監査記録の末尾 {} 件が失われています。", rollback.lost()))) } " "
                            (l.of("Nothing is taken until a quorum has said how it goes on.", "定足数が再開を承認するまで、何も受け付けません。")) " "
                            a href="/rollback" { (l.of("What to do", "対応方法")) }
                        }
                    }
                    p.news hidden role="status" data-news="" {
                        (l.of("Something changed.", "更新があります。")) " "
                        a href="" { (l.of("Show it", "表示する")) }
                    }
                    main id="main" tabindex="-1" { (body) }
                    noscript { p.note { (l.of(
                        "Passkeys need JavaScript. Everything else on this page works without it.",
                        "パスキーの利用には JavaScript が必要です。それ以外の操作は JavaScript なしでも行えます。"
                    )) } }
                    footer { (self.desk.settings.company) " · Kagimori " (env!("CARGO_PKG_VERSION")) }
                }
            }
        };
        Html(page.into_string())
    }

    fn bar(&self) -> Markup {
        let l = self.language;
        html! {
            header.bar {
                a.brand href="/" { img src={ "/asset/" (asset::version()) "/icon.svg" } alt="" width="26" height="26"; (l.of("Kagimori desk", "鍵守デスク")) }
                div.who {
                    (self.language_switch())
                    @if let Some(signed) = self.signed {
                        a.me href="/me" { bdi { (self.desk.shown_name(&signed.person)) } }
                        form method="post" action="/sign-out" {
                            (csrf(signed))
                            button.quiet { (l.of("Sign out", "サインアウト")) }
                        }
                    }
                }
                @if self.signed.is_some() {
                    nav aria-label=(l.of("Pages", "ページ")) { ul {
                        @for (place, path, en, ja) in PLACES {
                            li { a href=(path) aria-current=[(place == self.place).then_some("page")] { (l.of(en, ja)) } }
                        }
                    } }
                }
            }
        }
    }

    fn language_switch(&self) -> Markup {
        let (code, name) = self.language.of(("ja", "日本語"), ("en", "English"));
        html! {
            form method="post" action="/language" {
                input type="hidden" name="language" value=(code);
                button.quiet lang=(code) { (name) }
            }
        }
    }

    /// In `dev` alone: whose eyes the page is seen with.
    fn dev_bar(&self) -> Markup {
        let l = self.language;
        let people = self.desk.dev.as_ref().map(|dev| dev.people.as_slice()).unwrap_or_default();
        html! {
            div.dev role="note" {
                strong { "DEV" } " "
                span { (l.of("A play desk: everybody's passkey lies on this machine. Be", "お試し用デスクです（全員のパスキーがこのマシン上にあります）。切り替え:")) }
                @for (person, name, role) in people {
                    form method="post" action="/dev/become" {
                        input type="hidden" name="person" value=(person);
                        button aria-pressed=(self.signed.is_some_and(|signed| signed.person.as_str() == person)) {
                            bdi { (l.of(&name.0, &name.1)) } small { " " (l.of(&role.0, &role.1)) }
                        }
                    }
                }
            }
        }
    }
}

/// What makes a form one of this session.
pub(crate) fn csrf(signed: &Signed) -> Markup {
    html! { input type="hidden" name="csrf" value=(signed.session.csrf()); }
}
