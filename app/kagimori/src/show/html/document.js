const root = document.documentElement, all = (selector, from = document) => [...from.querySelectorAll(selector)];
const languages = all('.languages button');
const speak = language => {
  root.dataset.language = root.lang = language;
  languages.forEach(button => button.setAttribute('aria-pressed', button.value === language));
  all('[data-say-en]').forEach(node => {
    const words = language === 'ja' ? node.dataset.sayJa : node.dataset.sayEn;
    if (node.tagName === 'INPUT') { node.placeholder = words; node.setAttribute('aria-label', words); } else node.textContent = words;
  });
};
languages.forEach(button => { button.onclick = () => speak(button.value); });
const asked = /[#&]lang=(en|ja)/.exec(location.hash);
speak(asked ? asked[1] : navigator.language.startsWith('ja') ? 'ja' : 'en');

// A line in both languages, as the page's own: texts, never markup.
const told = (style, english, japanese) => {
  const line = document.createElement('p'), say = (language, words) => {
    const span = document.createElement('span');
    span.lang = language;
    span.textContent = words;
    line.append(span);
  };
  line.className = style;
  say('en', english);
  say('ja', japanese);
  return line;
};

// What stands in files beside the page is read when the reader asks for it.
const files = JSON.parse(document.getElementById('files')?.textContent ?? '[]'), read = new Map(), hearing = new Map();
const name = number => decodeURIComponent(files[number]), count = number => number.toLocaleString('en');
window.kagimoriList = (number, entries) => hearing.get(number)?.(entries);
const entries = number => {
  if (!read.has(number)) {
    read.set(number, new Promise((done, failed) => {
      const script = document.createElement('script');
      hearing.set(number, done);
      // Whoever has been heard has no more to say: then this does nothing.
      script.onload = script.onerror = () => { script.remove(); failed(new Error(name(number))); };
      script.src = files[number];
      document.head.append(script);
    }));
    read.get(number).catch(() => read.delete(number));
  }
  return read.get(number);
};
const places = node => node.dataset.parts.split(' ').map(place => place.split('.').map(Number));
const piece = async ([file, entry]) => {
  const markup = (await entries(file))[entry];
  if (typeof markup !== 'string') throw new Error(name(file));
  return markup;
};
const put = async node => {
  const isButton = node.tagName === 'BUTTON', pieces = document.createElement('template');
  node.parentElement.querySelector(':scope > .missing')?.remove();
  if (!isButton) node.replaceChildren(told('hint', 'Reading …', '読み込み中…'));
  try {
    // The markup is the page's own: every name in it was made a text when it was written.
    pieces.innerHTML = (await Promise.all(places(node).map(piece))).join('');
    const first = pieces.content.firstElementChild, had = document.activeElement === node;
    unfoldOpen(pieces.content);
    if (isButton) node.parentElement.replaceWith(pieces.content);
    else { node.replaceChildren(pieces.content); delete node.dataset.parts; }
    if (had && first) {
      const next = first.querySelector('summary') ?? first;
      if (next === first) first.tabIndex = -1;
      next.focus();
    }
  } catch (missing) {
    const why = told('warn missing', `${missing.message} cannot be read: it belongs beside this page. Copy the page with its folder, or make it again.`,
      `${missing.message} を読み込めません。このページと同じ場所にフォルダーごと置くか、ページを作り直してください。`);
    why.setAttribute('role', 'alert');
    if (isButton) node.after(why); else node.replaceChildren(why);
  }
};
const putting = new Map();
const unfold = node => {
  if (!putting.has(node)) putting.set(node, put(node).finally(() => putting.delete(node)));
  return putting.get(node);
};
const away = ':scope > .inside[data-parts]';
const unfoldOpen = from => all('details[open]', from).flatMap(one => all(away, one)).forEach(unfold);
document.addEventListener('toggle', event => { if (event.target.open) all(away, event.target).forEach(unfold); }, true);
document.addEventListener('click', event => {
  const button = event.target.closest('button[data-parts]');
  if (button) unfold(button).then(() => document.dispatchEvent(new Event('unfolded')));
});
unfoldOpen(document);

// What is searched carries its words, its account and its state; a group without any that fits is hidden with its heading.
const filters = document.querySelector('.filters');
if (filters) {
  const [search, account, state] = ['search', 'account', 'state'].map(name => filters.querySelector(`[name=${name}]`));
  const shown = filters.querySelector('.shown'), lists = () => all('button[data-parts]');
  const counts = node => !node.closest('.reason');
  const unread = () => lists().filter(counts).reduce((sum, button) => sum + Number(button.dataset.count), 0);
  let turn = 0;
  const choose = async () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), own = ++turn;
    const isAsked = words.length > 0 || account.value || state?.value;
    if (isAsked && lists().length) {
      shown.textContent = '…';
      await Promise.all(lists().map(unfold));
      // Somebody may have gone on typing.
      if (own !== turn) return;
    }
    const items = all('[data-words]'), main = items.filter(counts);
    const fits = item => words.every(word => item.dataset.words.includes(word))
      && (!account.value || item.dataset.accounts.split(' ').includes(account.value))
      && (!state || !state.value || !item.dataset.state || item.dataset.state === state.value);
    items.forEach(item => { item.hidden = !fits(item); });
    all('.account,.reason,.card:has([data-words]):not(:has(.filters))').forEach(group => {
      group.hidden = !group.querySelector('[data-words]:not([hidden]),button[data-parts]');
    });
    const rest = unread(), found = main.filter(item => !item.hidden).length;
    // Nobody knows what a list holds that cannot be read.
    shown.textContent = isAsked && rest ? `${count(found)} + ? / ${count(main.length + rest)}` : `${count(found + rest)} / ${count(main.length + rest)}`;
  };
  filters.hidden = false;
  filters.addEventListener('input', choose);
  document.addEventListener('unfolded', choose);
  // Everything of a large company at once is more than a browser holds.
  const AT_ONCE = 200;
  const foldAll = open => () => {
    filters.parentElement.querySelector(':scope > .many')?.remove();
    let unread = 0;
    all('details.one').filter(one => !one.closest('[hidden]')).forEach(one => {
      if (open && !one.open && one.querySelector(away) && ++unread > AT_ONCE) return;
      one.open = open;
    });
    if (unread > AT_ONCE) {
      filters.after(told('hint many', `The first ${AT_ONCE} of ${count(unread)} that stand in files beside the page were unfolded: search for fewer.`,
        `隣のファイルにある ${count(unread)} 件のうち最初の ${AT_ONCE} 件を開きました。検索で絞り込んでください。`));
    }
  };
  filters.querySelector('[name=open]').onclick = foldAll(true);
  filters.querySelector('[name=close]').onclick = foldAll(false);
  choose();
}

// Paper cannot be clicked: what has been read is printed unfolded, and where the rest stands is told.
let folded = [], notes = [];
addEventListener('beforeprint', () => {
  folded = all('details.one:not([open])').filter(one => !one.querySelector(away));
  folded.forEach(one => { one.open = true; });
  const note = (node, english, japanese) => { const line = told('hint', english, japanese); node.append(line); notes.push(line); };
  const where = node => [...new Set(places(node).map(([file]) => name(file)))];
  all('button[data-parts]').forEach(button => {
    const names = where(button), more = names.length - 1;
    note(button.parentElement, `${count(Number(button.dataset.count))} more in ${names[0]}${more ? ` and ${more} more` : ''}`,
      `ほか ${count(Number(button.dataset.count))} 件は ${names[0]}${more ? ` など ${more + 1} 個のファイル` : ''} にあります`);
  });
  const insides = all('.inside[data-parts]');
  if (insides.length) {
    const folder = where(insides[0])[0].split('/')[0];
    note(document.querySelector('main'), `${count(insides.length)} of these are printed folded: what they hold stands in ${folder}/. Unfold them first to print it.`,
      `${count(insides.length)} 件は閉じたまま印刷されています。内容は ${folder}/ にあります。印刷する前に開いてください。`);
  }
});
addEventListener('afterprint', () => {
  folded.forEach(one => { one.open = false; });
  notes.forEach(note => note.remove());
  folded = [];
  notes = [];
});
