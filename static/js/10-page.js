// The page: what works without this file works better with it. Theme, menus, times in words, zoom.
(() => {
  'use strict';
  const root = document.documentElement;
  const remember = (name, value) => {
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${secure}`;
  };

  // With this cookie the server leaves late panels to us instead of waiting for them.
  remember('loggia_js', '1');
  root.classList.add('js');

  // The theme changes in place, unless the address itself names one.
  document.addEventListener('click', event => {
    const link = event.target.closest('a[data-theme-choice]');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const theme = link.dataset.themeChoice;
    remember('loggia_theme', theme);
    if (new URLSearchParams(location.search).has('theme')) return;
    event.preventDefault();
    if (theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const other of document.querySelectorAll('a[data-theme-choice]')) {
      if (other === link) other.setAttribute('aria-current', 'true');
      else other.removeAttribute('aria-current');
    }
  });

  // Menus close on Escape and on a click elsewhere.
  const open = () => document.querySelectorAll('details.menu[open]');
  document.addEventListener('click', event => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    for (const menu of open()) {
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.querySelector('summary').focus();
    }
  });

  // What hover tells: the rest of a cut text, the exact time, a reason. One box above everything, so that no panel clips it.
  let box, told;
  const hush = () => {
    box?.remove();
    box = told = null;
  };
  const tell = (element, words) => {
    if (told === element) return;
    hush();
    if (!words) return;
    told = element;
    box = document.createElement('div');
    box.className = 'float';
    box.popover = 'manual';
    box.setAttribute('aria-hidden', 'true');
    box.textContent = words;
    document.body.append(box);
    box.showPopover();
    const at = element.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = box;
    const left = element.matches('.end, .n *') ? at.right - width : at.left;
    const below = at.bottom + 5;
    box.style.left = `${Math.max(8, Math.min(left, root.clientWidth - width - 8))}px`;
    box.style.top = `${below + height > root.clientHeight - 4 ? at.top - height - 5 : below}px`;
  };
  const heed = event => {
    const element = event.target.closest?.('.tip, .clip');
    if (!element) return hush();
    if (element.matches('.clip')) return tell(element, element.scrollWidth > element.clientWidth && element.textContent.trim());
    if (element.matches('details') && (element.open || !event.target.closest('summary'))) return hush();
    return tell(element, element.querySelector('.detail')?.textContent.trim());
  };
  if (HTMLElement.prototype.showPopover) {
    root.classList.add('tips');
    document.addEventListener('pointerover', heed);
    document.addEventListener('focusin', event => (event.target.matches(':focus-visible, time') ? heed(event) : hush()));
    document.addEventListener('focusout', hush);
    document.addEventListener('click', event => (event.target.closest('details') ? hush() : heed(event)));
    document.addEventListener('scroll', hush, true);
    document.addEventListener('keydown', event => event.key === 'Escape' && hush());
    new MutationObserver(() => told && !told.isConnected && hush()).observe(document.body, { childList: true, subtree: true });
  }

  // "20 s ago" stays true while the page stands.
  const ago = ms => {
    const s = Math.max(0, Math.round((Date.now() - ms) / 1000));
    if (s < 90) return `${s} s ago`;
    if (s < 5400) return `${Math.round(s / 60)} min ago`;
    if (s < 129600) return `${Math.round(s / 3600)} h ago`;
    return `${Math.round(s / 86400)} days ago`;
  };
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll('time[data-ago]')) {
      const words = ago(Number(time.dataset.ago));
      if (time.textContent !== words) time.textContent = words;
    }
  }, 5000);

  // A panel changed its own part of the view (a sort, a page): every other link and form learns it, so that none forgets it.
  const sync = (address, keys, next) => {
    const url = new URL(address, location.href);
    if (url.origin !== location.origin || (url.pathname !== next.pathname && !url.pathname.includes('/panel/'))) return address;
    for (const key of keys) {
      url.searchParams.delete(key);
      for (const value of next.searchParams.getAll(key)) url.searchParams.append(key, value);
    }
    return url.pathname + url.search + url.hash;
  };
  const syncForm = (form, keys, next) => {
    for (const key of keys) {
      for (const field of form.querySelectorAll('input[type="hidden"]')) if (field.name === key) field.remove();
      if (form.elements.namedItem(key)) continue;
      for (const value of next.searchParams.getAll(key)) {
        const field = document.createElement('input');
        Object.assign(field, { type: 'hidden', name: key, value });
        form.append(field);
      }
    }
  };
  document.addEventListener('htmx:before:history:update', event => {
    const here = new URL(location.href);
    const next = new URL(event.detail.history.path, here);
    const told = (url, key) => JSON.stringify(url.searchParams.getAll(key));
    const all = new Set([...here.searchParams.keys(), ...next.searchParams.keys()]);
    const keys = [...all].filter(key => key.includes('.') && told(here, key) !== told(next, key));
    if (!keys.length) return;
    // A dialog's view is its own: the dashboard behind it keeps its own addresses.
    const within = document.querySelector('dialog[open]') ? ['dialog[open]'] : ['main', '.bar'];
    for (const name of ['href', 'hx-get', 'hx-push-url']) {
      for (const element of document.querySelectorAll(within.map(box => `${box} [${name}^="/"]`).join())) {
        element.setAttribute(name, sync(element.getAttribute(name), keys, next));
      }
    }
    for (const form of document.querySelectorAll(`${within[0]} form`)) syncForm(form, keys, next);
  });

  // A stretch dragged over a chart becomes the page's range; the rest of the view stays.
  document.addEventListener('loggia:zoom', event => {
    const { from, to } = event.detail || {};
    if (!(from < to)) return;
    const url = new URL(location.href);
    url.searchParams.set('from', String(Math.round(from)));
    url.searchParams.set('to', String(Math.round(to)));
    location.assign(url);
  });
})();
