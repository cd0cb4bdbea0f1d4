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

// What is searched carries its words, its account and its state; a group without any that fits is hidden with its heading.
const filters = document.querySelector('.filters');
if (filters) {
  const [search, account, state] = ['search', 'account', 'state'].map(name => filters.querySelector(`[name=${name}]`));
  const items = all('[data-words]'), told = items.filter(item => !item.closest('.reason'));
  const groups = all('.account,.reason,.card:has([data-words]):not(:has(.filters))');
  const choose = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = item => words.every(word => item.dataset.words.includes(word))
      && (!account.value || item.dataset.accounts.split(' ').includes(account.value))
      && (!state || !state.value || !item.dataset.state || item.dataset.state === state.value);
    items.forEach(item => { item.hidden = !fits(item); });
    groups.forEach(group => { group.hidden = !group.querySelector('[data-words]:not([hidden])'); });
    filters.querySelector('.shown').textContent = `${told.filter(item => !item.hidden).length} / ${told.length}`;
  };
  filters.hidden = false;
  filters.addEventListener('input', choose);
  const unfold = open => () => all('details.one').filter(one => !one.closest('[hidden]')).forEach(one => { one.open = open; });
  filters.querySelector('[name=open]').onclick = unfold(true);
  filters.querySelector('[name=close]').onclick = unfold(false);
  choose();
}

// Paper cannot be clicked.
let folded = [];
addEventListener('beforeprint', () => { folded = all('details.one:not([open])'); folded.forEach(one => { one.open = true; }); });
addEventListener('afterprint', () => { folded.forEach(one => { one.open = false; }); folded = []; });
