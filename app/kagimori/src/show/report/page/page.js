'use strict';
// The page: tabs, charts and tables over the JSON beside it. Data is put on the page as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const texts = JSON.parse(document.getElementById('texts').textContent);
  const LEVELS = ['critical', 'high', 'medium', 'low', 'informational'];
  const STATUSES = ['FAIL', 'UNKNOWN', 'WAIVED', 'PASS', 'NOT_APPLICABLE', 'NOT_ASSESSED'];
  const PAGE_ROWS = 100, PRINT_ROWS = 5000, TOP_ROWS = 12;
  const checks = new Map(data.checks.map(check => [check.id, check]));
  const names = new Map(data.accounts.map(account => [account.id, account.name || account.id]));
  // What the reader chose: in the address, so that Back and a copied link keep it.
  const address = new URLSearchParams(location.hash.slice(1));
  let language = address.get('lang') || remembered() || (navigator.language.startsWith('ja') ? 'ja' : 'en');
  let tab = 'overview';
  const states = {};
  // The charts of the trail stand in the page itself, in both languages.
  const trail = document.getElementById('trail'), main = document.getElementById('main'), bar = document.getElementById('tabs');
  trail.addEventListener('mousemove', event => {
    const picture = event.target.closest('svg[data-first]');
    if (!picture) { trail.removeAttribute('title'); return; }
    const box = picture.getBoundingClientRect(), days = picture.viewBox.baseVal.width;
    const place = Math.min(days - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * days)));
    trail.title = new Date((Number(picture.dataset.first) + place) * 86400000).toISOString().slice(0, 10);
  });

  const t = key => (texts[key] ? texts[key][language === 'ja' ? 1 : 0] : key);

  function remembered() {
    try { return localStorage.getItem('kagimori-language'); } catch { return null; }
  }

  // ---- making elements
  function el(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === 'on') for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
    }
    node.append(...children.filter(child => child !== null && child !== undefined));
    return node;
  }
  function draw(name, attributes, ...children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  // A name may be broken behind its separators, and nowhere else.
  function soft(text) {
    const parts = String(text === null || text === undefined ? '' : text).split(/(?<=[-/_.:@,])/);
    const node = document.createDocumentFragment();
    parts.forEach((part, index) => { if (index) node.append(el('wbr')); node.append(part); });
    return node;
  }

  // ---- words for values
  const number = n => (n === null || n === undefined ? '?' : n.toLocaleString(language));
  const yesNo = v => (v === null || v === undefined ? t('not-known') : v ? t('yes') : t('no'));
  const clock = zone => new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
  const zoned = (() => {
    try { return data.time_zone ? { name: data.time_zone, format: clock(data.time_zone) } : null; } catch { return null; }
  })() || { name: 'UTC', format: clock('UTC') };
  const when = at => `${zoned.format.format(new Date(at))} ${zoned.name}`;
  const day = at => (at ? zoned.format.format(new Date(at)).slice(0, 10) : '');
  const dayOrNever = (v, known) => (known ? (v ? day(v) : t('never')) : t('not-known'));
  const chip = (text, style) => el('span', { class: `chip ${style}` }, text);
  const sentence = finding => finding[language];
  const keyName = key => (key ? key.id || `slot ${key.slot}` : '');
  const useClass = key => (key ? key.class || (data.has_trail && key.active ? 'unseen' : null) : null);
  const expected = () => data.accounts.filter(a => a.state !== 'skipped');
  // A total says of how many accounts it is: what is not known is no 0.
  function total(of) {
    const known = expected().map(of).filter(value => value !== null && value !== undefined);
    return { known: known.length, all: expected().length, sum: known.reduce((sum, value) => sum + value, 0) };
  }
  const totalText = ({ known, all, sum }) => (known === 0 && all > 0 ? '?' : number(sum));
  const ofAll = ({ known, all }) => (known === all ? null : `${number(known)} / ${number(all)} ${t('of-accounts')}`);

  // ---- long lists: in the page, or in files beside it that are read when the reader asks
  const waiting = {};
  window.kagimoriList = (list, part, rows) => {
    waiting[list].parts[part] = rows;
    if (--waiting[list].missing) return;
    data[list] = waiting[list].parts.flat();
    delete waiting[list];
    if (tab === list) fill();
  };
  function loaded(list) {
    const files = data.lists[list];
    if (!files || data[list]) return true;
    if (!waiting[list]) {
      waiting[list] = { parts: [], missing: files.length };
      for (const file of files) {
        const failed = () => { waiting[list].failed = file; if (tab === list) fill(); };
        document.head.append(el('script', { src: file, on: { error: failed } }));
      }
    }
    return false;
  }
  const rowsOf = list => (data.lists[list] ? data.sizes[list] : data[list].length);
  const asked = (list, view) => {
    if (loaded(list)) return view();
    const failed = waiting[list].failed;
    return el('p', { class: 'empty', role: 'status' }, failed ? `${t('list-missing')} ${failed}` : `${t('loading')} ${number(rowsOf(list))} ${t('shown')} …`);
  };

  // ---- tabs
  const failing = () => data.summary.failing;
  const tabs = {
    overview: { view: overview },
    changes: { view: changesView, count: () => data.against.new.length + data.against.lost.length, hidden: !data.against },
    findings: { view: () => asked('findings', () => table(findingTable())), count: failing },
    controls: { view: () => table(controlTable()), count: () => data.controls.length },
    accounts: { view: () => table(accountTable()), count: () => data.accounts.length },
    credentials: { view: () => asked('credentials', () => table(credentialTable())), count: () => rowsOf('credentials') },
    roles: { view: () => asked('roles', () => table(roleTable())), count: () => rowsOf('roles') },
    trail: { view: () => trail },
    unknown: { view: unknownView, count: () => data.summary.unknown + data.problems.length },
  };
  const open = Object.keys(tabs).filter(id => !tabs[id].hidden);

  function read() {
    const now = new URLSearchParams(location.hash.slice(1));
    tab = open.includes(now.get('tab')) ? now.get('tab') : 'overview';
    if (now.get('check')) state('findings').chosen = { ...state('findings').chosen, check: now.get('check') };
    if (now.get('framework')) state('controls').chosen = { framework: now.get('framework') };
  }
  function go(id, preset) {
    if (preset) state(id).chosen = { ...preset };
    const next = new URLSearchParams({ tab: id, ...(preset || {}) });
    if (address.get('lang')) next.set('lang', language);
    if (location.hash.slice(1) === next.toString()) { tab = id; show(); } else location.hash = next.toString();
  }
  window.addEventListener('hashchange', () => { read(); show(); });

  bar.append(...open.map(id => el('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': 'main', on: { click: () => choose(id) } })));
  function choose(id) {
    tab = id;
    show();
    const next = new URLSearchParams({ tab: id });
    if (address.get('lang')) next.set('lang', language);
    if (location.hash.slice(1) !== next.toString()) { try { history.pushState(null, '', `#${next}`); } catch { /* an address that cannot be changed keeps the page usable */ } }
  }
  window.addEventListener('popstate', () => { read(); show(); });
  bar.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = open.indexOf(tab), to = step ? (at + step + open.length) % open.length : { Home: 0, End: open.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(open[to]);
    document.getElementById(`tab-${open[to]}`).focus();
  });

  function show() {
    document.documentElement.lang = language;
    document.title = t('title');
    document.querySelectorAll('[data-t]').forEach(node => { node.textContent = t(node.dataset.t); });
    document.getElementById('as-of').textContent = `${t('as-of')} ${when(data.now)}`;
    document.querySelectorAll('[data-language]').forEach(button =>
      button.setAttribute('aria-pressed', button.dataset.language === language));
    for (const id of open) {
      const button = document.getElementById(`tab-${id}`), count = tabs[id].count;
      button.setAttribute('aria-selected', id === tab);
      button.tabIndex = id === tab ? 0 : -1;
      button.replaceChildren(t(id), ...(count ? [el('span', { class: 'count' }, number(count()))] : []));
    }
    main.setAttribute('aria-labelledby', `tab-${tab}`);
    fill();
  }
  function fill() { main.replaceChildren(...[tabs[tab].view()].flat()); }

  // ---- overview
  function overview() {
    const failed = failing();
    const verdict = data.problems.length ? 'incomplete' : failed ? 'fail' : 'clean';
    const words = { incomplete: t('verdict-incomplete'), fail: t('verdict-fail'), clean: t('verdict-clean') };
    const tile = (value, label, of) => el('div', { class: 'tile' }, el('b', {}, value), el('span', {}, label), of ? el('span', { class: 'of' }, of) : null);
    const totals = (field, label) => { const sum = total(a => a[field]); return tile(totalText(sum), label, ofAll(sum)); };
    const reviewed = data.accounts.filter(a => a.state === 'ok' || a.state === 'partial').length;
    const all = expected().length;
    return el('div', { class: 'cards' },
      el('section', { class: 'card wide' },
        el('p', { class: `verdict ${verdict}` }, words[verdict]),
        el('div', { class: 'tiles' },
          tile(number(failed), t('tile-findings')), tile(number(data.summary.waived), t('tile-waived')),
          tile(number(data.summary.unknown), t('tile-unknown')),
          tile(number(reviewed), t('tile-accounts'), reviewed === all ? null : `${number(reviewed)} / ${number(all)}`),
          totals('users', t('tile-users')), totals('keys', t('tile-keys')), totals('roles', t('tile-roles')))),
      data.against ? el('section', { class: 'card wide' }, el('h2', {}, t('chart-against'), el('span', { class: 'soft' }, day(data.against.now))), againstTiles()) : null,
      el('section', { class: 'card wide' }, el('h2', {}, t('top-findings')), topFindings()),
      card(t('chart-severity'), severityChart(), legend(LEVELS.slice(0, 4).map(l => [level(l), t(`severity-${l}`)]))),
      card(t('chart-mfa'), mfaChart(), hint(t('mfa-hint'))),
      card(t('chart-class'), data.has_trail ? classChart() : hint(t('no-trail')), data.has_trail ? hint(t('class-hint')) : null),
      card(t('chart-age'), ageChart()),
      el('section', { class: 'card wide' }, el('h2', {}, t('chart-controls')), controlChart(),
        legend(STATUSES.map(s => [statusColor(s), t(`status-${s}`)])), hint(t('controls-hint'))));
  }
  const card = (title, ...content) => el('section', { class: 'card' }, el('h2', {}, title), ...content);
  const hint = text => el('p', { class: 'hint' }, text);
  const level = name => `var(--${name === 'informational' ? 'info' : name})`;
  const statusColor = status => ({ FAIL: 'var(--high)', UNKNOWN: 'var(--unknown)', WAIVED: 'var(--medium)', PASS: 'var(--good)', NOT_APPLICABLE: 'var(--info)', NOT_ASSESSED: 'var(--line)' }[status]);
  const legend = entries => el('div', { class: 'legend' }, ...entries.map(([color, text]) =>
    el('span', {}, el('i', { style: `background:${color}` }), text)));

  // Horizontal bars: rows of [label, [[value, color]…], text].
  function bars(rows, labelWidth, width = 460) {
    const most = Math.max(1, ...rows.map(([, parts]) => parts.reduce((sum, [value]) => sum + value, 0)));
    const room = width - labelWidth - 70;
    const wide = text => [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 12 : 6.6), 0);
    const svg = draw('svg', { viewBox: `0 0 ${width} ${rows.length * 26 + 2}`, role: 'img', style: `max-width:${width * 1.6}px` });
    rows.forEach(([label, parts, text], row) => {
      const y = row * 26 + 4;
      let shown = label;
      while (wide(shown) > labelWidth - 8) shown = `${[...shown].slice(0, -2).join('')}…`;
      svg.append(draw('text', { x: 0, y: y + 13 }, shown));
      let x = labelWidth;
      for (const [value, color] of parts) {
        const length = value / most * room;
        if (value) svg.append(draw('rect', { x, y, width: Math.max(length, 1), height: 17, fill: color }));
        x += length;
      }
      svg.append(draw('text', { x: x + 6, y: y + 13, class: 'soft' }, text));
    });
    return svg;
  }
  function severityChart() {
    const sum = list => list.reduce((x, y) => x + y, 0);
    const rows = data.accounts.filter(a => a.state === 'ok' || a.state === 'partial').sort((a, b) => sum(b.failures) - sum(a.failures));
    const shown = rows.slice(0, TOP_ROWS).map(a => [a.name || a.id, a.failures.slice(0, 4).map((n, i) => [n, level(LEVELS[i])]), number(sum(a.failures))]);
    const more = rows.length - shown.length;
    return el('div', {}, bars(shown, 130), more > 0 ? hint(`… ${t('and-more')} ${number(more)}`) : null);
  }
  function mfaChart() {
    return bars([[t('mfa-a'), 0], [t('mfa-b'), 1], [t('mfa-c'), 2]].map(([label, index]) => {
      const sum = total(a => a.mfa[index]);
      return [label, [[sum.sum, level(index === 2 ? 'high' : 'medium')]], totalText(sum) + (sum.known === sum.all ? '' : ` (${ofAll(sum)})`)];
    }), 150);
  }
  function classChart() {
    const colors = { active: 'var(--good)', shared: 'var(--unknown)', rare: 'var(--medium)', noise: 'var(--high)', unseen: 'var(--info)' };
    return bars(Object.entries(colors).map(([name, color]) =>
      [t(`class-${name}`), [[data.summary.classes[name] || 0, color]], number(data.summary.classes[name] || 0)]), 110);
  }
  function ageChart() {
    const steps = [[0, 30], [31, 90], [91, 180], [181, 365], [366, 730], [731, null]];
    return bars(steps.map(([from, to], index) => {
      const count = data.summary.ages[index];
      const label = to === null ? t('over-days').replace('{n}', number(from - 1)) : `${from}–${to} ${t('days')}`;
      return [label, [[count, level(from > 365 ? 'high' : from > 90 ? 'medium' : 'low')]], number(count)];
    }), 110);
  }
  function controlChart() {
    const frameworks = [...new Set(data.controls.map(c => c.framework))];
    return bars(frameworks.map(name => {
      const of = data.controls.filter(c => c.framework === name);
      return [name, STATUSES.map(s => [of.filter(c => c.status === s).length, statusColor(s)]), number(of.length)];
    }), 220, 760);
  }
  let allTop = false;
  function topFindings() {
    const rows = data.summary.top.slice(0, allTop ? undefined : TOP_ROWS).map(top => {
      const check = checks.get(top.check), openIt = () => go('findings', { check: top.check });
      const more = top.count - top.names.length;
      return el('tr', { class: 'opens', tabindex: 0, on: { click: openIt, keydown: event => { if (event.key === 'Enter') openIt(); } } },
        el('td', {}, chip(t(`severity-${check.severity}`), check.severity)), el('td', { class: 'number' }, number(top.count)),
        el('td', { class: 'text' }, language === 'ja' ? check.title_ja : check.title, el('br'), el('code', { class: 'soft' }, top.check)),
        el('td', { class: 'text people' }, soft(top.names.join(', ')), more > 0 ? el('span', { class: 'soft' }, ` … ${t('and-more')} ${number(more)}`) : null));
    });
    const hidden = data.summary.top.length - rows.length;
    return el('div', {}, el('div', { class: 'table' }, el('table', { class: 'plain' }, el('tbody', {}, ...rows))),
      hidden > 0 ? el('p', {}, el('button', { type: 'button', class: 'more', on: { click: () => { allTop = true; fill(); } } }, `${t('show-all')} (${number(data.summary.top.length)})`)) : null);
  }

  // ---- what became of an earlier review
  function againstTiles() {
    const tile = (value, label) => el('div', { class: 'tile' }, el('b', {}, number(value)), el('span', {}, label));
    const { against } = data;
    return el('div', { class: 'tiles' }, tile(against.new.length, t('against-new')), tile(against.fixed.length, t('against-fixed')),
      tile(against.changed.length, t('against-changed')), tile(against.lost.length, t('against-lost')), tile(against.stayed, t('against-stayed')));
  }
  function changesView() {
    const { against } = data;
    const rows = [...against.new.map(f => ({ ...f, kind: 'new' })), ...against.fixed.map(f => ({ ...f, kind: 'fixed' })),
      ...against.changed.map(f => ({ ...f, kind: 'changed' })), ...against.lost.map(f => ({ ...f, kind: 'lost' }))];
    const kinds = { new: t('against-new'), fixed: t('against-fixed'), changed: t('against-changed'), lost: t('against-lost') };
    const why = f => (f.reason ? t(`reason-${f.reason}`) : f[language] || '');
    return [el('p', { class: 'hint' }, t('against-hint')), ...[table({ id: 'changes', rows, filters: [
      { id: 'kind', label: t('column-change'), options: Object.entries(kinds), test: (f, kind) => f.kind === kind }, accountFilter()], columns: [
      { text: t('column-change'), value: f => kinds[f.kind], cell: f => chip(kinds[f.kind], f.kind === 'new' ? 'high' : f.kind === 'fixed' ? 'good' : 'unknown') },
      { text: t('column-check'), value: f => f.check, cell: f => el('code', {}, soft(f.check)) }, accountColumn(),
      { text: t('column-resource'), value: f => (f.key ? `${f.name} ${f.key}` : f.name), style: 'name' }, { text: t('column-finding'), value: why, style: 'text' }] })].flat()];
  }

  // ---- tables: columns of {text, value, cell?, number?}; filters of {id, label, options, test}
  function state(id) {
    states[id] = states[id] || { query: '', sort: null, descending: false, page: 0, open: new Set(), chosen: {} };
    return states[id];
  }
  let printing = false;
  function table({ id, rows, columns, filters, detail, people }) {
    const at = state(id);
    const body = el('tbody', {}), shown = el('span', { class: 'shown', role: 'status' }), beside = el('span', { class: 'beside' });
    const heads = columns.map((column, index) => el('th', { class: column.number && 'number', 'aria-sort': 'none', scope: 'col' },
      el('button', { type: 'button', on: { click: () => { at.descending = at.sort === index && !at.descending; at.sort = index; at.page = 0; refill(); } } }, column.text)));
    const search = el('input', { type: 'search', placeholder: t('search'), 'aria-label': t('search'), value: at.query,
      on: { input: event => { at.query = event.target.value.toLowerCase(); at.page = 0; refill(); } } });
    const selects = filters.map(filter => el('select', { 'aria-label': filter.label, 'data-filter': filter.id,
      on: { change: event => { at.chosen[filter.id] = event.target.value; at.page = 0; refill(); } } },
      el('option', { value: '' }, `${filter.label}: ${t('all')}`),
      ...filter.options.map(([value, text]) => el('option', { value, selected: at.chosen[filter.id] === value }, text))));
    const plain = value => (value === null || value === undefined ? '' : String(value));
    let haystack = null;
    const hay = () => haystack || (haystack = rows.map(row => columns.map(column => plain(column.value(row))).join('\u0000').toLowerCase()));

    function matching() {
      const kept = [];
      rows.forEach((row, index) => {
        if (at.query && !hay()[index].includes(at.query)) return;
        if (filters.every(filter => !at.chosen[filter.id] || filter.test(row, at.chosen[filter.id]))) kept.push(row);
      });
      if (at.sort === null) return kept;
      const value = columns[at.sort].order || columns[at.sort].value;
      const sign = at.descending ? -1 : 1;
      return kept.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === y) return 0;
        if (x === null || x === undefined) return 1;
        if (y === null || y === undefined) return -1;
        return sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), language));
      });
    }
    const content = (column, row) => (column.cell ? column.cell(row) : column.style === 'name' ? soft(column.value(row)) : plain(column.value(row)));
    function line(row) {
      const cells = columns.map(column => el('td', { class: column.number ? 'number' : column.style, 'data-label': column.text }, content(column, row)));
      if (!detail) return [el('tr', {}, ...cells)];
      const below = () => el('tr', { class: 'detail' }, el('td', { colspan: columns.length }, detail(row)));
      // the row itself stays, so that the focus does
      const toggle = () => {
        const opened = !at.open.has(row);
        if (opened) { at.open.add(row); head.after(below()); } else { at.open.delete(row); head.nextElementSibling.remove(); }
        head.setAttribute('aria-expanded', opened);
      };
      const head = el('tr', { class: 'opens', tabindex: 0, 'aria-expanded': at.open.has(row), on: { click: toggle, keydown: event => {
        if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); toggle(); }
        const to = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
        if (!to) return;
        let next = head[to];
        while (next && !next.classList.contains('opens')) next = next[to];
        if (next) { event.preventDefault(); next.focus(); }
      } } }, ...cells);
      return at.open.has(row) ? [head, below()] : [head];
    }
    const step = (by, text) => el('button', { type: 'button', on: { click: () => { at.page += by; refill(); } } }, text);
    const [back, where, on] = [step(-1, t('previous')), el('span', {}), step(1, t('next'))];
    const pager = el('div', { class: 'pager' }, back, where, on);
    function refill() {
      const kept = matching(), size = printing ? PRINT_ROWS : PAGE_ROWS, pages = Math.max(1, Math.ceil(kept.length / size));
      at.page = Math.min(at.page, pages - 1);
      const from = printing ? 0 : at.page * size;
      heads.forEach((head, index) => head.setAttribute('aria-sort', at.sort !== index ? 'none' : at.descending ? 'descending' : 'ascending'));
      body.replaceChildren(...kept.slice(from, from + size).flatMap(line));
      if (!kept.length) body.append(el('tr', {}, el('td', { colspan: columns.length, class: 'empty' }, t('none-match'))));
      shown.textContent = `${number(kept.length)} ${t('shown')}`;
      beside.textContent = people ? `(${people(kept)})` : '';
      pager.hidden = pages < 2;
      back.disabled = at.page === 0;
      on.disabled = at.page === pages - 1;
      where.textContent = `${t('page-of')} ${at.page + 1} / ${pages}`;
    }
    refill();
    return [el('div', { class: 'filters' }, search, ...selects, shown, beside),
      el('div', { class: 'table', 'data-table': id }, el('table', { class: 'list' }, el('thead', {}, el('tr', {}, ...heads)), body)), pager];
  }
  const accountFilter = () => ({ id: 'account', label: t('column-account'), options: data.accounts.map(a => [a.id, names.get(a.id)]), test: (row, id) => (row.account || row.id) === id });
  const yesNoFilter = (id, label, value) => ({ id, label, options: [['yes', t('yes')], ['no', t('no')], ['unknown', t('not-known')]],
    test: (row, chosen) => ({ yes: value(row) === true, no: value(row) === false, unknown: value(row) === null || value(row) === undefined })[chosen] });
  const accountColumn = () => ({ text: t('column-account'), value: row => `${names.get(row.account)} ${row.account}`, cell: row => names.get(row.account), style: 'account' });
  const definitions = entries => el('dl', {}, ...entries.filter(([, value]) => value).flatMap(([term, value]) => [el('dt', {}, term), el('dd', {}, value)]));

  function accountTable() {
    const levels = LEVELS.slice(0, 4).map((name, index) => ({ text: t(`severity-${name}`), value: a => (a.state === 'ok' || a.state === 'partial' ? a.failures[index] : null), cell: a => (a.state === 'ok' || a.state === 'partial' ? number(a.failures[index]) : '?'), number: true }));
    const population = (text, index) => ({ text, value: a => a.mfa[index], cell: a => number(a.mfa[index]), number: true });
    return { id: 'accounts', rows: data.accounts, columns: [
      { text: t('column-name'), value: a => a.name || '', style: 'name' }, { text: t('column-account'), value: a => a.id, style: 'id' },
      { text: t('column-state'), value: a => t(`state-${a.state}`), cell: a => chip(t(`state-${a.state}`), a.state) }, ...levels,
      population(t('mfa-a'), 0), population(t('mfa-b'), 1), population(t('mfa-c'), 2),
      { text: t('column-users'), value: a => a.users, cell: a => number(a.users), number: true },
      { text: t('column-keys'), value: a => a.keys, cell: a => number(a.keys), number: true },
      { text: t('column-roles'), value: a => a.roles, cell: a => number(a.roles), number: true },
      { text: t('column-events'), value: a => a.events, cell: a => number(a.events), number: true }],
    filters: [{ id: 'state', label: t('column-state'), options: [...new Set(data.accounts.map(a => a.state))].map(s => [s, t(`state-${s}`)]), test: (a, s) => a.state === s }] };
  }

  function controlTable() {
    const status = s => chip(t(`status-${s}`), `status-${s}`);
    const frameworks = [...new Set(data.controls.map(c => c.framework))];
    const worst = c => c.accounts.filter(a => a.status === c.status);
    const note = c => (c.needs ? `${t('control-needs')} ${c.needs[language === 'ja' ? 1 : 0]}` : ['FAIL', 'UNKNOWN', 'WAIVED'].includes(c.status) ? worst(c).map(a => names.get(a.account)).join(', ') : '');
    const title = id => { const check = checks.get(id); return check ? (language === 'ja' ? check.title_ja : check.title) : id; };
    return { id: 'controls', rows: data.controls, columns: [
      { text: t('column-framework'), value: c => c.framework, style: 'text' }, { text: t('column-control'), value: c => c.control, order: c => data.controls.indexOf(c), style: 'name' },
      { text: t('column-status'), value: c => t(`status-${c.status}`), order: c => STATUSES.indexOf(c.status), cell: c => status(c.status) },
      { text: t('column-check'), value: c => c.checks.map(title).join(' / '), style: 'text' }, { text: t('column-where'), value: note, style: 'name' }],
    filters: [{ id: 'framework', label: t('column-framework'), options: frameworks.map(f => [f, f]), test: (c, f) => c.framework === f },
      { id: 'status', label: t('column-status'), options: STATUSES.map(s => [s, t(`status-${s}`)]), test: (c, s) => c.status === s }],
    detail: c => el('div', {}, ...c.accounts.map(a => el('p', {}, status(a.status), ` ${names.get(a.account)} `, el('span', { class: 'soft' },
      [['fail', 'outcome-FAIL'], ['unknown', 'outcome-UNKNOWN'], ['waived', 'outcome-WAIVED'], ['pass', 'outcome-PASS']].filter(([field]) => a[field]).map(([field, text]) => `${t(text)} ${number(a[field])}`).join(' · ')))), definitions([[t('column-check'), c.checks.join(', ')]])) };
  }

  function credentialTable() {
    const flag = (value, good) => chip(yesNo(value), value === null || value === undefined ? 'unknown' : value === good ? 'good' : 'no-good');
    return { id: 'credentials', rows: data.credentials, detail: keyDetail, people: kept => `${number(new Set(kept.map(r => r.arn)).size)} ${t('people')}`, columns: [
      accountColumn(), { text: t('column-user'), value: r => r.user, style: 'name' }, { text: t('column-owner'), value: r => r.owner, style: 'name' },
      { text: t('column-password'), value: r => yesNo(r.password) }, { text: t('column-mfa'), value: r => yesNo(r.mfa), cell: r => flag(r.mfa, true) },
      { text: t('column-privileged'), value: r => yesNo(r.privileged), cell: r => (r.privileged === false ? yesNo(false) : flag(r.privileged, false)) },
      { text: t('column-key'), value: r => keyName(r.key), cell: r => el('code', {}, keyName(r.key)), style: 'id' },
      { text: t('column-active'), value: r => (r.key ? yesNo(r.key.active) : '') },
      { text: t('column-age'), value: r => (r.key ? r.key.age : null), number: true },
      { text: t('column-used'), value: r => (r.key ? dayOrNever(r.key.used, r.key.used !== undefined) : ''), style: 'id' },
      { text: t('column-class'), value: r => (useClass(r.key) ? t(`class-${useClass(r.key)}`) : ''), cell: r => (useClass(r.key) ? chip(t(`class-${useClass(r.key)}`), useClass(r.key)) : '') },
      { text: t('column-calls'), value: r => (r.key ? r.key.calls : null), cell: r => (r.key && r.key.calls !== null ? number(r.key.calls) : ''), number: true }],
    filters: [accountFilter(), yesNoFilter('password', t('column-password'), r => r.password), yesNoFilter('mfa', t('column-mfa'), r => r.mfa),
      yesNoFilter('privileged', t('column-privileged'), r => r.privileged), yesNoFilter('active', t('column-active'), r => (r.key ? r.key.active : undefined)),
      { id: 'class', label: t('column-class'), options: ['active', 'shared', 'rare', 'noise', 'unseen'].map(c => [c, t(`class-${c}`)]), test: (r, c) => useClass(r.key) === c }] };
  }
  const counts = list => list.map(([name, n]) => `${name} (${number(n)})`).join(', ');
  function keyDetail(row) {
    const key = row.key;
    const about = definitions([[t('detail-arn'), el('code', {}, soft(row.arn))], [t('detail-password-used'), row.password ? dayOrNever(row.password_used, row.password_used !== undefined) : '']]);
    if (!key) return el('div', {}, about, el('p', { class: 'soft' }, t('no-key')));
    if (key.calls === null) return el('div', {}, about, el('p', { class: 'soft' }, data.has_trail ? t('no-evidence') : t('no-trail')));
    const share = Math.floor(key.succeeded * 100 / key.calls);
    const more = key.address_count > key.addresses.length ? ` … (${number(key.address_count)} ${t('in-all')})` : '';
    return el('div', {}, about, definitions([
      [t('detail-window'), `${day(key.first)} – ${day(key.last)}`], [t('detail-success'), `${number(key.succeeded)} / ${number(key.calls)} (${share} %)`],
      [t('detail-callers'), counts(key.callers)], [t('detail-addresses'), counts(key.addresses) + more], [t('detail-services'), counts(key.services)],
      [t('detail-daily'), sparkline(key.daily)]]));
  }
  function sparkline(daily) {
    const most = Math.max(1, ...daily), svg = draw('svg', { viewBox: `0 0 ${daily.length * 4} 28`, style: `max-width:${daily.length * 4}px`, role: 'img' });
    daily.forEach((n, i) => { if (n) { const h = Math.max(1.5, n / most * 26); svg.append(draw('rect', { x: i * 4, y: 28 - h, width: 3, height: h, fill: 'var(--accent)' })); } });
    svg.append(draw('line', { x1: 0, y1: 28, x2: daily.length * 4, y2: 28, stroke: 'var(--line)' }));
    return svg;
  }

  function roleTable() {
    return { id: 'roles', rows: data.roles, detail: row => definitions([[t('detail-arn'), el('code', {}, soft(row.arn))], [t('column-trusted'), soft(row.trusted.join(', '))]]), columns: [
      accountColumn(), { text: t('column-role'), value: r => r.name, style: 'name' }, { text: t('column-owner'), value: r => r.owner, style: 'name' },
      { text: t('column-trusted'), value: r => r.trusted.join(', '), cell: r => soft(r.trusted.slice(0, 2).join(', ') + (r.trusted.length > 2 ? ' …' : '')), style: 'name' },
      { text: t('column-privileged'), value: r => yesNo(r.privileged), cell: r => (r.privileged ? chip(yesNo(true), 'no-good') : yesNo(r.privileged)) },
      { text: t('column-age'), value: r => r.age, cell: r => number(r.age), number: true }, { text: t('column-used'), value: r => dayOrNever(r.used, r.used !== undefined), style: 'id' },
      { text: t('column-calls'), value: r => r.calls, cell: r => number(r.calls), number: true }],
    filters: [accountFilter(), yesNoFilter('privileged', t('column-privileged'), r => r.privileged)] };
  }

  const outcomeOf = f => (f.waiver ? 'WAIVED' : f.outcome);
  const findingColumns = () => [
    { text: t('column-severity'), value: f => t(`severity-${f.severity}`), order: f => LEVELS.indexOf(f.severity), cell: f => chip(t(`severity-${f.severity}`), f.severity) },
    { text: t('column-outcome'), value: f => t(`outcome-${outcomeOf(f)}`), cell: f => el('span', { class: outcomeOf(f) }, t(`outcome-${outcomeOf(f)}`)) },
    { text: t('column-check'), value: f => f.check, cell: f => el('code', {}, soft(f.check)) }, accountColumn(),
    { text: t('column-resource'), value: f => (f.key ? `${f.name} ${f.key}` : f.name), style: 'name' }, { text: t('column-finding'), value: sentence, style: 'text' }];
  function findingTable() {
    return { id: 'findings', rows: data.findings, columns: findingColumns(), detail: findingDetail, filters: [
      { id: 'severity', label: t('column-severity'), options: LEVELS.map(l => [l, t(`severity-${l}`)]), test: (f, l) => f.severity === l },
      { id: 'outcome', label: t('column-outcome'), options: ['FAIL', 'INFO', 'WAIVED'].map(o => [o, t(`outcome-${o}`)]), test: (f, o) => outcomeOf(f) === o }, accountFilter(),
      { id: 'check', label: t('column-check'), options: [...new Set(data.findings.map(f => f.check))].sort().map(id => [id, id]), test: (f, id) => f.check === id }] };
  }
  function findingDetail(finding) {
    const check = checks.get(finding.check), ja = language === 'ja', waiver = finding.waiver;
    const source = index => { const s = data.sources[index]; return s ? `${s.file}${s.as_of ? ` (${when(s.as_of)})` : ''}` : ''; };
    return definitions([[t('detail-waiver'), waiver ? `${waiver.owner}: ${waiver.reason} (${t('detail-until')} ${waiver.expires})` : ''],
      [t('detail-rule'), ja ? check.rule_ja : check.rule], [t('detail-fix'), ja ? check.fix_ja : check.fix],
      [t('detail-arn'), finding.arn ? el('code', {}, soft(finding.arn)) : ''], [t('detail-names'), finding.names ? soft(finding.names.join(', ')) : ''], [t('detail-evidence'), soft(finding.evidence.map(source).join(', '))],
      [t('detail-maps'), Object.entries(check.maps).map(([name, ids]) => `${name}: ${ids.join(', ')}`).join('; ')]]);
  }

  function unknownView() {
    const part = (title, content) => [el('h2', {}, title), ...[content].flat(), el('p', {})];
    const parts = [];
    if (data.problems.length) parts.push(...part(t('problems'), table({ id: 'problems', rows: data.problems, filters: [], columns: [
      { text: t('column-file'), value: p => p.file, style: 'name' }, { text: t('column-problem'), value: p => p.message, style: 'text' }, { text: t('column-hint'), value: p => p.hint, style: 'text' }] })));
    if (data.not_given.length) parts.push(...part(t('not-given'), table({ id: 'not-given', rows: data.not_given, filters: [], columns: [
      { text: t('column-api'), value: n => n.api, style: 'name' }, { text: t('accounts'), value: n => n.accounts, number: true },
      { text: t('column-command'), value: n => n.command, cell: n => el('code', {}, n.command), style: 'text' }] })));
    const count = { text: t('column-count'), value: u => u.count, cell: u => number(u.count), number: true };
    const columns = findingColumns().filter((_, index) => index !== 1);
    columns.splice(3, 0, count);
    parts.push(...part(t('unknown-verdicts'), table({ id: 'unknown', rows: data.unknown, columns, detail: findingDetail, filters: [accountFilter()] })));
    return parts;
  }

  // ---- print: everything that is there, every row
  window.addEventListener('beforeprint', () => {
    printing = true;
    const views = open.filter(id => id !== 'trail' && (!data.lists[id] || data[id])).flatMap(id => [el('h2', { class: 'print' }, t(id)), ...[tabs[id].view()].flat()]);
    const away = open.filter(id => data.lists[id] && !data[id]).map(id => el('p', { class: 'hint' }, `${t(id)}: ${number(rowsOf(id))} ${t('shown')}, ${t('not-printed')}`));
    main.replaceChildren(...views, ...away, el('h2', { class: 'print' }, t('trail')), trail);
  });
  window.addEventListener('afterprint', () => { printing = false; show(); });

  // ---- language
  document.querySelectorAll('[data-language]').forEach(button => button.addEventListener('click', () => {
    language = button.dataset.language;
    try { localStorage.setItem('kagimori-language', language); } catch { /* file:// may refuse; the choice lasts for this page then */ }
    show();
  }));
  read();
  show();
})();
