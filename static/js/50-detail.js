// A panel's detail in a dialog over the dashboard; wall screens that take turns; filters that apply as they are set.
(() => {
  'use strict';
  let dialog;
  let base = null; // the dashboard's address while its detail is open
  const inDetail = path => /\/panel\/[^/]+\/detail$/.test(path);

  const make = () => {
    dialog = document.createElement('dialog');
    dialog.className = 'closely';
    dialog.innerHTML = '<div class="top"><h1 id="closely-title" tabindex="-1" autofocus></h1><button type="button" class="pick" data-close>Close</button></div><article id="closely"></article>';
    dialog.setAttribute('aria-labelledby', 'closely-title');
    document.body.append(dialog);
    dialog.addEventListener('click', event => {
      if (event.target === dialog || event.target.closest('[data-close]')) return dialog.close();
      const link = event.target.closest('a[data-here]');
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      load(link.getAttribute('href'), true);
    });
    dialog.addEventListener('submit', event => {
      const form = event.target;
      if (form.method !== 'get' || event.defaultPrevented) return;
      event.preventDefault();
      const url = new URL(form.action);
      url.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ''));
      load(url.pathname + url.search, true);
    });
    dialog.addEventListener('close', () => {
      dialog.querySelector('#closely').replaceChildren();
      if (inDetail(location.pathname)) history.back();
    });
  };

  const load = async (href, replace) => {
    const box = dialog.querySelector('#closely');
    box.setAttribute('aria-busy', 'true');
    if (replace) history.replaceState({ htmx: true }, '', href);
    await window.htmx.ajax('GET', href, { target: '#closely', swap: 'innerHTML' });
    box.removeAttribute('aria-busy');
    const detail = box.querySelector('.detail');
    if (!detail) return location.assign(href);
    dialog.querySelector('#closely-title').textContent = detail.dataset.title;
    document.dispatchEvent(new CustomEvent('loggia:added'));
  };

  document.addEventListener('click', event => {
    const link = event.target.closest('a[data-detail]');
    if (!link || !window.htmx || !window.HTMLDialogElement || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (!dialog) make();
    dialog.querySelector('#closely-title').textContent = link.textContent.trim();
    base = location.href;
    dialog.showModal();
    const href = link.getAttribute('href');
    history.pushState({ htmx: true }, '', href);
    load(href, false);
  });

  // What happens inside is one step: Back always leads to the dashboard, which still stands behind.
  document.addEventListener('htmx:before:history:update', event => {
    if (dialog?.open) event.detail.history.type = 'replace';
    else base = null;
  });
  const left = () => { if (dialog?.open && !inDetail(location.pathname)) dialog.close(); };
  window.addEventListener('popstate', left);
  document.addEventListener('htmx:before:history:restore', event => {
    if (!base || location.href !== base) return;
    event.preventDefault();
    left();
    base = null;
  });

  // Dashboards that take turns: the next comes once it answers, so that a screen never shows a browser's error.
  const next = document.querySelector('[data-next]');
  if (next) {
    const go = async () => {
      try {
        const answer = await fetch(next.dataset.next, { credentials: 'same-origin' });
        if (answer.ok) return location.replace(next.dataset.next);
      } catch { /* tried again below */ }
      setTimeout(go, 10_000);
    };
    setTimeout(go, Number(next.dataset.seconds) * 1000);
  }

  // A choice applies at once, several when their menu closes; what is unset is left out of the address where it may be.
  document.addEventListener('change', event => {
    const form = event.target.closest('form[data-vars]');
    if (!form) return;
    if (event.target.matches('select')) form.requestSubmit();
    else if (event.target.matches('[type="checkbox"]')) event.target.closest('details').dataset.changed = '';
  });
  document.addEventListener('toggle', event => {
    const menu = event.target;
    if (!menu.open && 'changed' in menu.dataset) menu.closest('form')?.requestSubmit();
  }, true);
  document.addEventListener('submit', event => {
    const form = event.target.closest?.('form[data-vars]');
    if (!form || 'spell' in form.dataset) return;
    for (const field of form.querySelectorAll('select, input[type="search"]')) if (!field.value) field.disabled = true;
    setTimeout(() => { for (const field of form.elements) field.disabled = false; });
  });
})();
