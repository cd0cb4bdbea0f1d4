// Uses a page whose long lists stand in files beside it as a person would: unfolds, searches, prints. What is there in all is told by
// `window.wanted`: how many things can be searched, and a word that one of them has.
'use strict';
(async () => {
  const seen = [], see = (what, right, detail = '') => seen.push({ what, right: Boolean(right), detail: String(detail) });
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const until = async (what, holds) => {
    for (let turn = 0; turn < 400 && !holds(); turn += 1) await new Promise(go => setTimeout(go, 10));
    see(what, holds());
  };
  const filters = document.querySelector('.filters');
  const field = name => filters.querySelector(`[name=${name}]`);
  const type = text => { field('search').value = text; field('search').dispatchEvent(new Event('input', { bubbles: true })); };
  const shown = () => filters.querySelector('.shown').textContent;
  const found = () => all('[data-words]').filter(one => one.checkVisibility() && !one.closest('.reason'));
  const total = wanted.total.toLocaleString('en');

  see('there are lists beside the page', all('button[data-parts]').length > 0 && all('.inside[data-parts]').length > 0);
  see('no list is read before somebody asks', found().length < wanted.total, found().length);
  see('all are counted', shown() === `${total} / ${total}`, shown());

  const one = found().find(item => item.querySelector('.inside[data-parts]')), details = one.querySelector('details');
  details.querySelector('summary').click();
  await until('what one holds is read when it is opened', () => details.open && !details.querySelector('.inside[data-parts]') && details.querySelector('.inside table, .inside pre'));
  see('only that one', all('.inside[data-parts]').length > 5);

  dispatchEvent(new Event('beforeprint'));
  const left = all('button[data-parts]').map(button => button.parentElement.textContent);
  see('paper says where the rest is', left.every(text => /\d more in .*lists\/list-\d+-[0-9a-f]{16}\.js/.test(text) && text.includes('件は')), left[0]);
  see('and that what was not read is folded', /\d of these are printed folded/.test(document.querySelector('main').lastElementChild.textContent));
  see('and does not unfold it', all('details.one[open]').every(open => !open.querySelector(':scope > .inside[data-parts]')));
  dispatchEvent(new Event('afterprint'));
  see('nothing of that stays', !/printed folded|more in/.test(document.querySelector('main').textContent));

  const button = all('button[data-parts]').find(button => !button.closest('.reason'));
  const list = button.closest('.account, .card'), before = all('[data-words]', list).length, more = Number(button.dataset.count);
  button.focus();
  button.click();
  await until('a button shows all of its list', () => !button.isConnected && all('[data-words]', list).length === before + more);
  see('and leaves the keyboard where the list goes on', list.contains(document.activeElement) && document.activeElement !== document.body, document.activeElement.outerHTML.slice(0, 80));

  type(wanted.word);
  await until('a search looks at all lists', () => all('button[data-parts]').length === 0 && /^[\d,]+ \/ [\d,]+$/.test(shown()));
  see('and finds', found().length > 0 && found().every(item => item.dataset.words.includes(wanted.word)), found().length);
  see('of all', shown() === `${found().length.toLocaleString('en')} / ${total}`, shown());
  type('');
  await until('all are back', () => shown() === `${total} / ${total}`);
  see('and there', found().length === wanted.total, found().length);

  all('.languages button')[1].click();
  filters.querySelector('[name=open]').click();
  const unread = () => all('details.one[open] > .inside[data-parts]').length;
  await until('all that was unfolded is read', () => all('details.one[open]').length > 5 && unread() === 0);
  const most = filters.parentElement.querySelector(':scope > .many');
  const folded = all('.inside[data-parts]').length;
  see('no more than a browser holds', folded === 0 ? !most : most.textContent.includes('200'), folded);
  const said = all('main *').filter(node => node.checkVisibility() && node.lang === 'en');
  see('what was read speaks Japanese as the rest', said.length === 0, said.slice(0, 3).map(node => node.textContent));
  filters.querySelector('[name=close]').click();
  see('and folds again', all('details.one[open]').length === 0);

  const report = JSON.stringify({ seen, troubles: [...(window.troubles ?? []), ...Object.keys(window).filter(name => name === 'broken')] });
  const pre = document.createElement('pre');
  pre.id = 'seen';
  pre.textContent = btoa(Array.from(new TextEncoder().encode(report), byte => String.fromCharCode(byte)).join(''));
  document.body.append(pre);
})();
