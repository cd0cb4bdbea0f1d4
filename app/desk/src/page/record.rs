//! The record: every entry, its proof to take away, and a button that checks all of it.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use kagimori_custody::{Leaf, PersonId};
use kagimori_ledger::evidence::Evidence;
use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::{Book, Desk, DeskError};
use crate::language::Language;
use crate::page::refusal::Refused;
use crate::page::said;
use crate::page::shell::{Frame, Place, csrf};
use crate::show;
use crate::web::form::Posted;
use crate::web::visitor::Signed;

/// Entries on one page.
const PAGE: usize = 50;

/// Which entries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    page: usize,
}

pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Response {
    let l = signed.visitor.language;
    let title = l.of("Record", "監査記録");
    let body = list(l, &desk, &signed, asked.page, None);
    Frame::of(&desk, &signed, Place::Record, title).around(&body).into_response()
}

fn list(l: Language, desk: &Desk, signed: &Signed, page: usize, verdict: Option<&Markup>) -> Markup {
    let book = desk.book();
    let name = |person: &PersonId| book.shown_name(person);
    let root = book.tree.root_at(book.tree.size()).map(|root| root.to_string()).unwrap_or_default();
    let more = book.leaves.len() > page.saturating_add(1).saturating_mul(PAGE);
    html! {
        h1 { (l.of("Record", "監査記録")) }
        p.lead { (l.of("One entry for each thing that happened. Nothing is changed, and nothing is taken away: a witness elsewhere has seen how long it was.", "すべての出来事が 1 件ずつ記録されます。変更も削除もできません（別の場所にいる証人が長さを確認しています）。")) }
        section.sheet {
            dl {
                dt { (l.of("Entries", "件数")) } dd { (book.leaves.len()) }
                dt { (l.of("Root", "ルートハッシュ")) } dd.mono { (root) }
                dt { (l.of("Cosigned by the witness", "証人の署名")) }
                dd { @match desk.publisher.checkpoint() { Some((size, _)) => { (l.of(format!("up to entry {}", size.saturating_sub(1)), format!("記録 {} まで", size.saturating_sub(1)))) } None => { (l.of("not since the start", "起動後まだありません")) } } }
            }
            @if let Some(verdict) = verdict { (verdict) }
            div.acts {
                form method="post" action="/record/verify" { (csrf(signed)) button { (l.of("Check all of it", "すべて検証する")) } }
                a.button.plain href="/v1/log/checkpoint" { (l.of("Checkpoint", "チェックポイント")) }
            }
        }
        div.sheet.wide { table.stack {
            thead { tr { th { "#" } th { (l.of("When", "日時")) } th { (l.of("Who", "誰が")) } th { (l.of("What", "内容")) } th { (l.of("Request", "申請")) } } }
            tbody { @for (index, leaf) in book.leaves.iter().enumerate().rev().skip(page.saturating_mul(PAGE)).take(PAGE) {
                @let (_, words) = show::event(l, &leaf.event, &name);
                tr {
                    td { a href={ "/record/" (index) } { (index) } }
                    td { (show::when(leaf.at, desk.settings.hours_from_utc)) }
                    td { @match leaf.event.by() { Some(by) => { bdi { (name(by)) } } None => { span.soft { (l.of("the desk", "デスク")) } } } }
                    td { bdi { (words) } }
                    td { @if let Some(request) = leaf.event.request() { a.mono href={ "/requests/" (request) } { (request) } } }
                }
            } }
        } }
        @if more { p { a href={ "/record?page=" (page.saturating_add(1)) } { (l.of("Older ones", "さらに古い記録")) } } }
    }
}

/// One entry, as it is.
pub(crate) async fn entry(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Path(index): Path<usize>,
) -> Response {
    let l = signed.visitor.language;
    let title = l.of(format!("Entry {index}"), format!("記録 {index}"));
    let body = {
        let book = desk.book();
        let Some(leaf) = book.leaves.get(index) else { return Refused::not_found(l).into_response() };
        one(l, &desk, &book, index, leaf)
    };
    Frame::of(&desk, &signed, Place::Record, &title).around(&body).into_response()
}

fn one(l: Language, desk: &Desk, book: &Book, index: usize, leaf: &Leaf) -> Markup {
    let name = |person: &PersonId| book.shown_name(person);
    let (_, words) = show::event(l, &leaf.event, &name);
    let bytes = leaf.bytes();
    html! {
        h1 { (l.of(format!("Entry {index}"), format!("記録 {index}"))) }
        section.sheet {
            dl {
                dt { (l.of("When", "日時")) } dd { (show::when(leaf.at, desk.settings.hours_from_utc)) }
                @if let Some(by) = leaf.event.by() { dt { (l.of("Who", "誰が")) } dd { bdi { (name(by)) } } }
                dt { (l.of("What", "内容")) } dd { bdi { (words) } }
                @if let Some(request) = leaf.event.request() { dt { (l.of("Request", "申請")) } dd { a.mono href={ "/requests/" (request) } { (request) } } }
                dt { (l.of("Hash of the leaf", "リーフのハッシュ")) } dd.mono { (leaf.hash()) }
            }
            div.acts {
                a.button href={ "/v1/log/proof/" (index) } { (l.of("Take the proof", "証明をダウンロード")) }
                a.button.plain href={ "/v1/log/entries/" (index) } { (l.of("Take the entry", "記録をダウンロード")) }
            }
            p.soft { (l.of("The proof shows, without this desk, that the entry is in the log that the witness has signed (C2SP tlog-proof).", "証明により、この記録が証人の署名したログに含まれることを、このデスクなしで確認できます（C2SP tlog-proof）。")) }
            pre { (String::from_utf8_lossy(&bytes)) }
        }
    }
}

/// Reads the journal from the disk again, refolds it, and compares.
pub(crate) async fn verify(State(desk): State<Arc<Desk>>, posted: Posted) -> Response {
    let l = posted.signed.visitor.language;
    let looking = Arc::clone(&desk);
    let verdict =
        tokio::task::spawn_blocking(move || checked(&looking)).await.unwrap_or(Err(DeskError::Broken));
    let told = match &verdict {
        Ok(size) => html! { p.good role="status" { (l.of(
            format!("All {size} entries are as they were written: read from the disk, hashed, folded again, and cosigned by the witness."),
            format!("{size} 件すべて、書き込まれたときのままです（ディスクから読み直し、ハッシュと状態を再計算し、証人の署名を確認しました）。")
        )) } },
        Err(error) => {
            let (what, next) = said::words(l, error);
            html! { p.bad role="alert" { strong { (what) } " " (next) } }
        }
    };
    let body = list(l, &desk, &posted.signed, 0, Some(&told));
    Frame::of(&desk, &posted.signed, Place::Record, l.of("Record", "監査記録")).around(&body).into_response()
}

/// The number of entries that were checked.
pub(crate) fn checked(desk: &Desk) -> Result<u64, DeskError> {
    let again = desk.reread()?;
    let book = desk.book();
    let (size, own) = (again.tree.size(), book.tree.size());
    // Entries may have come since; what was read is the beginning of what is known.
    let same = own >= size && again.tree.root_at(size).ok() == book.tree.root_at(size).ok();
    drop(book);
    if !same {
        return Err(DeskError::Log("the journal on the disk is not the log of this process".to_owned()));
    }
    desk.publish()?;
    Ok(size)
}

/// The proof of an entry (C2SP `tlog-proof`).
pub(crate) async fn proof(State(desk): State<Arc<Desk>>, signed: Signed, Path(index): Path<u64>) -> Response {
    let l = signed.visitor.language;
    let making = Arc::clone(&desk);
    let made =
        tokio::task::spawn_blocking(move || evidence(&making, index)).await.unwrap_or(Err(DeskError::Broken));
    match made {
        Ok(Some(text)) => {
            let name = format!("attachment; filename=\"entry-{index}.tlog-proof\"");
            ([(CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], text)
                .into_response()
        }
        Ok(None) => Refused::not_found(l).into_response(),
        Err(error) => said::refused(l, &error).into_response(),
    }
}

/// The proof of an entry in the log as the witness has cosigned it; `None`: there is no such entry.
pub(crate) fn evidence(desk: &Desk, index: u64) -> Result<Option<String>, DeskError> {
    let checkpoint = desk.publish()?;
    let book = desk.book();
    let size = desk.publisher.checkpoint().map_or(0, |(size, _)| size);
    if index >= size {
        return Ok(None);
    }
    let hashes = book.tree.inclusion(index, size).map_err(|error| DeskError::Log(error.to_string()))?;
    Ok(Some(Evidence { extra: None, index, hashes, checkpoint }.to_string()))
}

/// The bytes of an entry.
pub(crate) async fn bytes(
    State(desk): State<Arc<Desk>>,
    signed: Signed,
    Path(index): Path<usize>,
) -> Response {
    let found = desk.book().leaves.get(index).map(Leaf::bytes);
    match found {
        Some(bytes) => {
            let name = format!("attachment; filename=\"entry-{index}.json\"");
            ([(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_DISPOSITION, name)], bytes)
                .into_response()
        }
        None => Refused::not_found(signed.visitor.language).into_response(),
    }
}

/// The checkpoint, signed and cosigned.
pub(crate) async fn checkpoint(State(desk): State<Arc<Desk>>, signed: Signed) -> Response {
    let l = signed.visitor.language;
    let making = Arc::clone(&desk);
    let made = tokio::task::spawn_blocking(move || making.publish()).await.unwrap_or(Err(DeskError::Broken));
    match made {
        Ok(note) => (StatusCode::OK, [(CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        Err(error) => said::refused(l, &error).into_response(),
    }
}
