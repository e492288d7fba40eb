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
