//! What a page shows when the reader unfolds it: in the page while there is room, else in files beside it ([`lists`](super::lists)).
//!
//! Of a large company's page few things are ever opened. A list shows its first items and a button for the rest; what an item
//! holds inside is read when it is opened. Where a piece lies is a matter of room alone: put in its place it gives the page as it
//! would be with room for everything.

use std::cell::RefCell;
use std::io;
use std::mem;

use super::html::{Html, both, html};
use super::lists::Beside;
use super::numbers::thousands;

/// Items of a list that are always in the page; one more takes no more room than the button.
const FIRST: usize = 10;
/// A file holds about this much: what is opened together, and read at once.
const FILE_BYTES: usize = 256 << 10;
/// What is shorter than its place in a file takes no room.
const SHORT: usize = 64;

/// Where the pieces of a page go.
pub(crate) struct Unfolding<'e> {
    beside: Beside<'e>,
    places: RefCell<Places>,
}

struct Places {
    /// Bytes that the page still takes.
    room: usize,
    /// The addresses of the files; of one that is not full yet an empty text.
    files: Vec<String>,
    rests: Part,
    insides: Part,
    failed: Option<io::Error>,
}

/// A file that is not full yet.
struct Part {
    kind: &'static str,
    number: Option<usize>,
    /// Markup as texts of JSON.
    entries: Vec<String>,
    bytes: usize,
}

impl Part {
    fn of(kind: &'static str) -> Self {
        Self { kind, number: None, entries: Vec::new(), bytes: 0 }
    }
}

/// An item of a list.
pub(crate) struct Item {
    markup: Html,
    /// How much of it was counted already.
    counted: usize,
}

impl From<Html> for Item {
    fn from(markup: Html) -> Self {
        Self { markup, counted: 0 }
    }
}

impl<'e> Unfolding<'e> {
    /// A page with room for so many bytes of what unfolds.
    pub(crate) fn new(beside: Beside<'e>, room: usize) -> Self {
        let (rests, insides) = (Part::of("list"), Part::of("inside"));
        let places = Places { room, files: Vec::new(), rests, insides, failed: None };
        Self { beside, places: RefCell::new(places) }
    }

    /// An item that unfolds: `wrap` puts its inside where it belongs.
    pub(crate) fn item(&self, inside: &Html, wrap: impl FnOnce(&Html) -> Html) -> Item {
        let bytes = inside.as_str().len();
        if bytes <= SHORT || self.takes(bytes) {
            let markup = wrap(&html!("<div class=\"inside\">{}</div>", inside));
            return Item { markup, counted: bytes };
        }
        let place = self.put(|places| &mut places.insides, inside);
        wrap(&html!("<div class=\"inside\" data-parts=\"{}\"></div>", place)).into()
    }

    /// A list: all of it, or its first items and the rest behind a button.
    pub(crate) fn list(&self, mut items: Vec<Item>) -> Html {
        let bytes = |item: &Item| item.markup.as_str().len().saturating_sub(item.counted);
        let all = items.len();
        if all <= FIRST.saturating_add(1) || self.takes(items.iter().map(bytes).sum()) {
            return items.into_iter().map(|item| item.markup).collect();
        }
        let rest = items.split_off(FIRST);
        let count = rest.len();
        let places = self.put_list(rest);
        html!(
            "{}<p class=\"rest\"><button type=\"button\" class=\"more\" data-parts=\"{}\" data-count=\"{}\">{}</button></p>",
            items.into_iter().map(|item| item.markup).collect::<Html>(),
            places.join(" "),
            count,
            both(
                &format!("Show all {}", thousands(all as u64)),
                &format!("{} 件すべてを表示", thousands(all as u64))
            ),
        )
    }

    /// The addresses of the files, by number.
    pub(crate) fn finish(self) -> io::Result<Vec<String>> {
        let mut places = self.places.into_inner();
        let (rests, insides) = (places.rests.take(), places.insides.take());
        for part in [rests, insides] {
            places.write(&self.beside, part);
        }
        places.failed.map_or(Ok(places.files), Err)
    }

    /// Whether there is room; then it is taken.
    fn takes(&self, bytes: usize) -> bool {
        let mut places = self.places.borrow_mut();
        let left = places.room.checked_sub(bytes);
        places.room = left.unwrap_or(places.room);
        left.is_some()
    }

    /// Items in pieces of no more than a file.
    fn put_list(&self, items: Vec<Item>) -> Vec<String> {
        let (mut places, mut piece) = (Vec::new(), Html::default());
        for item in items {
            piece.push(&item.markup);
            if piece.as_str().len() >= FILE_BYTES {
                places.push(self.put(|places| &mut places.rests, &mem::take(&mut piece)));
            }
        }
        if !piece.is_empty() {
            places.push(self.put(|places| &mut places.rests, &piece));
        }
        places
    }

    /// Puts markup into a file; its place is the number of the file and that of the entry.
    fn put(&self, part: fn(&mut Places) -> &mut Part, markup: &Html) -> String {
        let mut places = self.places.borrow_mut();
        let next = places.files.len();
        let own = part(&mut places);
        let number = *own.number.get_or_insert(next);
        let place = format!("{number}.{}", own.entries.len());
        own.bytes = own.bytes.saturating_add(markup.as_str().len());
        own.entries.push(entry(markup));
        let full = if own.bytes >= FILE_BYTES { own.take() } else { None };
        if number == next {
            places.files.push(String::new());
        }
        places.write(&self.beside, full);
        place
    }
}

impl Part {
    /// The file, if there is anything in it; the next one begins.
    fn take(&mut self) -> Option<(usize, Self)> {
        let number = self.number?;
        Some((number, mem::replace(self, Self::of(self.kind))))
    }
}

impl Places {
    fn write(&mut self, beside: &Beside<'_>, part: Option<(usize, Part)>) {
        let Some((number, part)) = part else { return };
        let entries = part.entries.iter().map(String::as_str);
        match (beside.write(part.kind, number, &number.to_string(), entries), self.files.get_mut(number)) {
            (Ok(address), Some(file)) => *file = address,
            (Ok(_), None) => {}
            (Err(error), _) => self.failed = self.failed.take().or(Some(error)),
        }
    }
}

/// Markup as a text of JSON. It is a script's own file, which markup cannot end.
fn entry(markup: &Html) -> String {
    serde_json::Value::from(markup.as_str()).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};

    use kagimori_lake::private::Edition;

    use super::*;

    const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{2028}\"'\\";

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("kagimori-unfolding-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    /// Lists of items of which each holds something inside, and one of them another list.
    fn page(unfolding: &Unfolding<'_>) -> Html {
        let item = |number: usize| {
            let inside: Html = if number % 7 == 3 {
                let names = (0..number).map(|name| html!("<b>{}{}</b>", HOSTILE, name).into());
                unfolding.list(names.collect())
            } else {
                html!("<p>{}{}</p>", HOSTILE.repeat(number * 3 % 41), number)
            };
            unfolding.item(&inside, |inside| html!("<details>{}{}</details>", number, inside))
        };
        let lists = [0, 1, FIRST, FIRST + 1, FIRST + 2, 300];
        lists.iter().map(|length| unfolding.list((0..*length).map(item).collect())).collect()
    }

    fn made(name: &str, room: usize) -> (String, Vec<String>, BTreeMap<String, String>) {
        let folder = folder(name);
        let edition = Edition::begin(&folder).unwrap();
        let unfolding = Unfolding::new(Beside::of(&edition, Path::new("p.html")), room);
        let page = page(&unfolding).as_str().to_owned();
        let files = unfolding.finish().unwrap();
        edition.publish().unwrap();
        let read = |file: &String| (file.clone(), fs::read_to_string(folder.join(file)).unwrap());
        let texts = files.iter().map(read).collect();
        fs::remove_dir_all(folder).unwrap();
        (page, files, texts)
    }

    /// The entries of a file as the page's script gets them.
    fn entries(number: usize, text: &str) -> Vec<String> {
        let call = text.strip_prefix(&format!("kagimoriList({number},")).unwrap();
        serde_json::from_str(call.strip_suffix(");\n").unwrap()).unwrap()
    }

    /// The page with every piece in its place.
    fn whole(page: &str, entries: &[Vec<String>]) -> String {
        let piece = |places: &str| -> String {
            let place = |place: &str| {
                let (file, entry) = place.split_once('.').unwrap();
                whole(&entries[file.parse::<usize>().unwrap()][entry.parse::<usize>().unwrap()], entries)
            };
            places.split(' ').map(place).collect()
        };
        let mut out = String::new();
        let mut rest = page;
        while let Some((before, after)) = rest.split_once("data-parts=\"") {
            let (places, after) = after.split_once('"').unwrap();
            if let Some(before) = before.strip_suffix("<div class=\"inside\" ") {
                out.push_str(&format!("{before}<div class=\"inside\">{}</div>", piece(places)));
                rest = after.strip_prefix("></div>").unwrap();
            } else {
                let (before, _) = before.rsplit_once("<p class=\"rest\">").unwrap();
                out.push_str(&format!("{before}{}", piece(places)));
                (_, rest) = after.split_once("</p>").unwrap();
            }
        }
        out + rest
    }

    #[test]
    fn where_a_piece_lies_changes_no_page() {
        let (alone, files, _) = made("alone", usize::MAX);
        assert!(files.is_empty() && !alone.contains("data-parts"));
        for room in [0, 1, 500, 5_000, 50_000, 200_000] {
            let name = format!("room-{room}");
            let (page, files, texts) = made(&name, room);
            assert!(!files.is_empty() && page.len() < alone.len(), "{room}");
            assert!(page.len() <= 20_000 + 2 * room, "{room}: {}", page.len());
            let entries: Vec<Vec<String>> =
                files.iter().enumerate().map(|(number, file)| entries(number, &texts[file])).collect();
            assert!(whole(&page, &entries) == alone, "{room}");
            assert_eq!(made(&name, room), (page, files, texts), "the same bytes");
        }
    }

    #[test]
    fn no_file_is_much_longer_than_one_reads_at_once() {
        let (_, files, texts) = made("long", 0);
        assert!(files.len() > 3, "{}", files.len());
        assert!(texts.values().all(|text| text.len() < 3 * FILE_BYTES));
    }

    #[test]
    fn a_short_list_has_no_button() {
        let folder = folder("short");
        let edition = Edition::begin(&folder).unwrap();
        let unfolding = Unfolding::new(Beside::of(&edition, Path::new("p.html")), 0);
        let items = |count: usize| (0..count).map(|_| html!("<b>{}</b>", "x".repeat(99)).into()).collect();
        assert!(!unfolding.list(items(FIRST + 1)).as_str().contains("button"));
        let long = unfolding.list(items(1_500));
        let told = format!("data-count=\"{}\"", 1_500 - FIRST);
        assert!(long.as_str().contains("Show all 1,500") && long.as_str().contains(&told), "{long:?}");
        drop(edition);
        let _ = fs::remove_dir_all(folder);
    }
}
