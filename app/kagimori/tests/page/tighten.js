// Uses the page of `tighten` as a person would: searches, chooses an account, folds, changes the language, prints.
'use strict';
{
  const seen = [], see = (what, right, detail = '') => seen.push({ what, right: Boolean(right), detail: String(detail) });
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const filters = document.querySelector('.filters');
  const field = name => filters.querySelector(`[name=${name}]`);
  const proposals = all('.account [data-words]');
  const names = () => proposals.filter(one => one.checkVisibility()).map(one => one.querySelector('.who b').textContent);
  const choose = (name, value) => { field(name).value = value; field(name).dispatchEvent(new Event('input', { bubbles: true })); };

  see('the box is shown', !filters.hidden);
  const count = names().length;
  see('many proposals', count > 50, count);
  see('all are folded', all('.account details.one[open]').length === 0);
  choose('search', 'FERRY');
  see('searched by name', names().join() === 'svc-ferry-web', names());
  see('counted', filters.querySelector('.shown').textContent === `1 / ${count}`, filters.querySelector('.shown').textContent);
  see('an account without any is hidden', all('.account').filter(one => one.checkVisibility()).length === 1);
  choose('search', 'production cloudfront:createinvalidation');
  see('searched by account and action', names().includes('svc-ferry-web') && names().length < 10, names());
  choose('search', 'nobody-is-called-so');
  see('nothing found', names().length === 0, names());
  choose('search', '');
  choose('account', '111122223333');
  see('chosen by account', names().includes('billing-export') && names().length < 10, names());
  choose('account', '');
  choose('state', 'look');
  see('chosen by state', names().includes('svc-ferry-web') && names().length < 20, names());
  choose('state', '');
  see('all are back', names().length === count, names().length);

  const [english, japanese] = all('.languages button');
  japanese.click();
  see('the box speaks Japanese', field('search').placeholder.includes('検索') && field('account').options[0].text.includes('すべて'), field('search').placeholder);
  english.click();
  see('and English', field('search').placeholder.startsWith('Search') && document.documentElement.lang === 'en', field('search').placeholder);

  dispatchEvent(new Event('beforeprint'));
  see('paper has all open', all('details.one').every(one => one.open));
  // A word of an action, an ARN or a name stands on one line.
  const broken = [];
  const walk = (node, word) => {
    for (const match of node.data.matchAll(word)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) broken.push(match[0]);
    }
  };
  const texts = (selector, word) => all(selector).filter(one => one.checkVisibility()).forEach(one => {
    const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) walk(walker.currentNode, word);
  });
  const main = document.querySelector('main');
  for (const width of ['', '390px']) {
    main.style.width = width;
    texts('code:not(.id), pre, .who b', /[A-Za-z0-9_*.]+/g);
    see(`no word is broken ${width}`, broken.length === 0, broken.slice(0, 8));
  }
  main.style.width = '';
  see('event ids are behind a click', all('details.event').length > 0 && all('details.event').every(one => !one.open));
  dispatchEvent(new Event('afterprint'));
  see('and are folded again', all('.account details.one[open]').length === 0);

  const report = JSON.stringify({ seen, troubles: window.troubles ?? [] });
  const pre = document.createElement('pre');
  pre.id = 'seen';
  pre.textContent = btoa(String.fromCharCode(...new TextEncoder().encode(report)));
  document.body.append(pre);
}
