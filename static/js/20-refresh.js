// Keeps panels up to date: when to ask, what to do with the answer, what to say when there is none.
(() => {
  'use strict';
  const WAITS = [1, 2, 4, 8, 16, 30]; // seconds between tries after a failure
  const memory = new Map(); // panel id → what is known about it across swaps

  const panels = () => document.querySelectorAll('section.panel[hx-get]');
  const spread = seconds => Date.now() + seconds * 1000 * (0.9 + Math.random() * 0.2);
  const title = panel => panel.querySelector('h2')?.textContent.trim() || 'Panel';
  const drawn = panel => ['ready', 'empty', 'stale'].includes(panel.dataset.state);
  // Said together, so that ten panels that change at once are one sentence.
  let unsaid = [];
  const say = words => {
    if (unsaid.push(words) > 1) return;
    setTimeout(() => {
      const live = document.getElementById('live');
      if (live) live.textContent = unsaid.length > 3 ? `${unsaid.length} panels changed. ${unsaid[0]}` : unsaid.join('. ');
      unsaid = [];
    }, 400);
  };

  const of = panel => {
    let known = memory.get(panel.id);
    if (!known) memory.set(panel.id, (known = { tries: 0, busy: false, due: Infinity, state: panel.dataset.state, level: panel.dataset.level }));
    return known;
  };

  const clock = (panel, ms) => {
    const zone = panel.closest('[data-zone]')?.dataset.zone;
    const form = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
    try {
      return new Date(ms).toLocaleTimeString('en-GB', { ...form, timeZone: zone });
    } catch {
      return new Date(ms).toLocaleTimeString('en-GB', form);
    }
  };

  const part = (panel, kind, tag) => {
    const note = panel.querySelector('.note');
    let element = note?.querySelector(`.${kind}`);
    if (note && !element) {
      element = document.createElement(tag);
      element.className = kind;
      if (kind === 'why') note.prepend(element);
      else note.append(element);
    }
    return element;
  };

  // "updated 14:05"
  const stamp = (panel, ms) => {
    panel.dataset.at = String(ms);
    const at = part(panel, 'at', 'time');
    if (!at) return;
    at.dateTime = new Date(ms).toISOString();
    at.textContent = `updated ${clock(panel, ms)}`;
  };

  // What a state is called, said aloud only when it changes.
  const WORDS = { ready: 'up to date', empty: 'no rows', stale: 'stale', failed: 'failed', 'signed-out': 'signed out', lost: 'not updating' };
  const settle = (panel, state) => {
    const known = of(panel);
    const level = panel.dataset.level;
    const changed = known.state !== state && known.state !== 'loading';
    if (changed) say(`${title(panel)}: ${WORDS[state] || state}`);
    else if (known.level !== level && level) say(`${title(panel)}: ${panel.querySelector('header > .state')?.textContent.trim() || level}`);
    known.state = state;
    known.level = level;
  };

  const plan = panel => {
    const known = of(panel);
    const every = Number(panel.dataset.refresh);
    known.due = every > 0 ? spread(every) : Infinity;
  };

  const planRetry = (panel, atLeast = 0) => {
    const known = of(panel);
    const wait = Math.max(atLeast, WAITS[Math.min(known.tries, WAITS.length - 1)]);
    known.tries += 1;
    known.due = spread(wait);
  };

  const ask = (panel, manual) => {
    const known = of(panel);
    if (known.busy || !window.htmx) return;
    if (!manual && held(panel)) {
      known.due = Date.now() + 2000;
      return;
    }
    known.busy = true;
    known.manual = Boolean(manual);
    panel.setAttribute('aria-busy', 'true');
    window.htmx.trigger(panel, 'loggia:refresh');
  };

  // Somebody is typing, choosing or dragging here: the drawing must not move now.
  const held = panel => {
    if (panel.querySelector('.hover > u')) return true;
    const here = document.activeElement;
    if (here && panel.contains(here)) {
      if (here.matches('select')) return true;
      if (here.matches('input, textarea') && here.value !== here.defaultValue) return true;
    }
    const chosen = document.getSelection();
    return Boolean(chosen && !chosen.isCollapsed && panel.contains(chosen.anchorNode));
  };

  const tick = () => {
    if (document.hidden) return;
    const now = Date.now();
    for (const panel of panels()) {
      const known = of(panel);
      const left = Math.max(0, Math.ceil((known.due - now) / 1000));
      const retry = panel.querySelector('[data-retry]');
      if (retry && Number.isFinite(left)) retry.textContent = known.busy || !left ? 'Trying again now. ' : `Trying again in ${left} s. `;
      if (now >= known.due) ask(panel);
    }
  };

  // Where all that is lost is lost for one reason, it is said once, at the foot of the page.
  let toldOnce;
  const sum = () => {
    const reasons = [...document.querySelectorAll('.because.lost')].map(line => line.textContent);
    const one = reasons.length > 2 && reasons.every(reason => reason === reasons[0]);
    document.documentElement.classList.toggle('all-lost', one);
    if (!one) {
      toldOnce?.remove();
      toldOnce = null;
      return;
    }
    if (!toldOnce) {
      toldOnce = document.createElement('p');
      toldOnce.className = 'lost-note';
      document.body.append(toldOnce);
    }
    toldOnce.textContent = `Not updating: ${reasons[0]}`;
  };

  // No answer, or a bad one: what was drawn stays and says since when it has not moved.
  const lost = (panel, reason, atLeast) => {
    planRetry(panel, atLeast);
    const why = part(panel, 'why', 'span');
    if (!drawn(panel)) {
      if (why && panel.dataset.state === 'loading') why.textContent = `${reason}; trying again`;
      return settle(panel, 'lost');
    }
    if (!panel.dataset.lost) panel.dataset.lost = panel.dataset.at || String(Date.now());
    panel.classList.add('is-stale');
    // What the server called stale since earlier stays so.
    if (why && panel.dataset.state !== 'stale') {
      why.classList.add('warn');
      why.textContent = `stale since ${clock(panel, Number(panel.dataset.lost))}`;
    }
    let because = panel.querySelector('.because.lost');
    if (!because) {
      because = document.createElement('p');
      because.className = 'because lost';
      panel.querySelector('header').after(because);
    }
    because.textContent = reason;
    sum();
    settle(panel, 'lost');
  };

  const found = panel => {
    if (!panel.dataset.lost) return;
    delete panel.dataset.lost;
    panel.querySelector('.why.warn')?.remove();
    panel.querySelector('.because.lost')?.remove();
    sum();
    if (panel.dataset.state !== 'stale') panel.classList.remove('is-stale');
  };

  // The drawing stays, covered: this person may not see newer ones.
  const cover = (panel, heading, words, href) => {
    of(panel).due = Infinity;
    settle(panel, 'signed-out');
    panel.querySelector('.over')?.remove();
    const over = document.createElement('div');
    over.className = 'over';
    const strong = document.createElement('strong');
    strong.textContent = heading;
    const link = document.createElement('a');
    link.href = href;
    link.textContent = words;
    over.append(strong, link);
    panel.append(over);
  };

  const refused = (panel, status, response) => {
    if (status === 401) {
      const next = encodeURIComponent(location.pathname + location.search);
      return cover(panel, 'You are signed out', 'Sign in again', `/login?next=${next}`);
    }
    if (status === 403) return cover(panel, 'You may no longer see this', 'My tenants', '/?all=1');
    if (status === 408 || status === 429 || status >= 500) {
      const after = Number(response?.headers.get('Retry-After'));
      return lost(panel, status === 429 ? 'too many requests' : 'the server could not answer', after > 0 ? Math.min(after, 300) : 0);
    }
    // Any other refusal would be the same the next time.
    of(panel).due = Infinity;
    const why = part(panel, 'why', 'span');
    if (why) why.textContent = status === 404 ? 'no longer here; reload the page' : 'not refreshed; reload the page';
    settle(panel, 'lost');
  };

  const reasonIn = text => {
    const box = new DOMParser().parseFromString(text, 'text/html');
    return box.querySelector('.reason')?.textContent.trim() || 'the question failed';
  };

  // Focus, open details and scroll positions survive a new drawing.
  const CAN_FOCUS = 'a[href], button, input, select, textarea, summary, [tabindex]';
  const sign = element => `${element.tagName}|${element.id || element.name || element.getAttribute('aria-label') || element.textContent.trim()}`;
  const keep = panel => {
    const here = document.activeElement;
    const inside = here && here !== panel && panel.contains(here);
    return {
      focus: inside ? { sign: sign(here), index: [...panel.querySelectorAll(CAN_FOCUS)].indexOf(here), from: here.selectionStart, to: here.selectionEnd } : null,
      open: [...panel.querySelectorAll('details')].map(d => (d.open ? sign(d.querySelector('summary') || d) : '')).filter(Boolean),
      scroll: [...panel.querySelectorAll('.scroll, .health, .body')].map(e => [e.scrollTop, e.scrollLeft]),
    };
  };
  const restore = (panel, kept) => {
    for (const details of panel.querySelectorAll('details')) {
      if (kept.open.includes(sign(details.querySelector('summary') || details))) details.open = true;
    }
    panel.querySelectorAll('.scroll, .health, .body').forEach((element, i) => {
      if (kept.scroll[i]) [element.scrollTop, element.scrollLeft] = kept.scroll[i];
    });
    if (!kept.focus || panel.contains(document.activeElement)) return;
    const all = [...panel.querySelectorAll(CAN_FOCUS)];
    const same = all.filter(element => sign(element) === kept.focus.sign);
    const target = same.includes(all[kept.focus.index]) ? all[kept.focus.index] : same[0];
    target?.focus({ preventScroll: true });
    if (target && kept.focus.from != null && target.setSelectionRange) {
      try {
        target.setSelectionRange(kept.focus.from, kept.focus.to);
      } catch { /* number and date fields have no caret to set */ }
    }
  };

  const shown = id => (id ? document.getElementById(id) : null);
  const on = (name, handle) => document.addEventListener(name, event => handle(event.detail.ctx, event));

  on('htmx:config:request', ctx => {
    const panel = ctx.target?.closest?.('section.panel[hx-get]');
    if (!panel) return;
    ctx.panel = panel.id;
    panel.setAttribute('aria-busy', 'true');
    if (ctx.sourceElement === panel && of(panel).manual) ctx.request.body.set('fresh', '1');
    // A click on the panel's own links overtakes a poll that is under way.
    if (ctx.sourceElement !== panel) window.htmx.trigger(panel, 'htmx:abort');
  });

  on('htmx:before:response', (ctx, event) => {
    const panel = shown(ctx.panel);
    if (!panel) return;
    const { status, raw } = ctx.response;
    if (raw.redirected || raw.type === 'opaqueredirect') {
      event.preventDefault();
      refused(panel, 401, raw);
    } else if (status === 304) {
      of(panel).tries = 0;
      found(panel);
      stamp(panel, Date.now());
      settle(panel, panel.dataset.state);
      plan(panel);
    } else if (status >= 400) {
      event.preventDefault();
      refused(panel, status, raw);
    }
  });

  on('htmx:after:request', (ctx, event) => {
    const panel = shown(ctx.panel);
    if (!panel || ctx.response.status === 304) return;
    if (!ctx.text.includes(`id="${panel.id}"`)) {
      // A proxy's page, say: not ours, so not drawn.
      event.preventDefault();
      lost(panel, 'something else answered');
    } else if (ctx.response.headers.get('X-Loggia-State') === 'failed' && ctx.sourceElement === panel && drawn(panel)) {
      event.preventDefault();
      lost(panel, reasonIn(ctx.text));
    }
  });

  on('htmx:error', ctx => {
    const panel = shown(ctx?.panel);
    if (panel) lost(panel, 'no connection to the server');
  });

  on('htmx:before:swap', ctx => {
    const panel = shown(ctx.panel);
    if (panel) ctx.kept = keep(panel);
  });

  on('htmx:after:swap', ctx => {
    const panel = shown(ctx.panel);
    if (!panel || !ctx.kept) return;
    restore(panel, ctx.kept);
    sum();
    const known = of(panel);
    known.busy = false;
    if (drawn(panel) && !panel.querySelector('.note .at')) stamp(panel, Date.now());
    settle(panel, panel.dataset.state);
    if (panel.dataset.state === 'failed' && panel.querySelector('[data-retry]')) return planRetry(panel);
    known.tries = 0;
    plan(panel);
  });

  on('htmx:finally:request', ctx => {
    const panel = shown(ctx.panel);
    if (!panel) return;
    of(panel).busy = false;
    of(panel).manual = false;
    panel.removeAttribute('aria-busy');
  });

  // "Refresh" and "Try now", in place.
  document.addEventListener('click', event => {
    if (!window.htmx || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    const one = event.target.closest('[data-again]');
    const all = event.target.closest('[data-refresh-all]');
    // A hosted app has no panels: the link itself opens it anew.
    if (!one && !(all && panels().length)) return;
    event.preventDefault();
    if (all) say('Refreshing');
    for (const panel of one ? [one.closest('section.panel')] : panels()) if (panel) ask(panel, true);
  });

  const meet = panel => {
    const known = of(panel);
    if (panel.dataset.state === 'loading') known.due = Date.now();
    else if (panel.querySelector('[data-retry]')) planRetry(panel);
    else plan(panel);
    if (drawn(panel) && !panel.dataset.at) stamp(panel, Date.now());
  };
  // A dialog brought its own.
  document.addEventListener('loggia:added', () => document.querySelectorAll('dialog section.panel[hx-get]').forEach(meet));

  // What came with the page: late panels are asked for at once, failed ones soon, the others when their time comes.
  const begin = () => {
    panels().forEach(meet);
    tick();
    setInterval(tick, 500);
  };
  document.addEventListener('visibilitychange', tick);
  window.addEventListener('pageshow', event => { if (event.persisted) tick(); });
  window.addEventListener('online', () => {
    for (const panel of panels()) if (of(panel).tries) of(panel).due = Date.now();
    tick();
  });
  if (document.readyState === 'complete') begin();
  else window.addEventListener('DOMContentLoaded', () => setTimeout(begin));
})();
