// Forms: a picked date fills its text field; a demo account fills the sign-in form.
(() => {
  'use strict';
  document.addEventListener('change', event => {
    const picker = event.target.closest('[data-fills]');
    const field = picker && document.getElementById(picker.dataset.fills);
    if (field && picker.value) field.value = picker.value;
  });
  document.addEventListener('click', event => {
    const account = event.target.closest('a[data-email]');
    const email = document.getElementById('email');
    const password = document.getElementById('password');
    if (!account || !email || !password || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    email.value = account.dataset.email;
    password.value = account.dataset.password;
    email.form.querySelector('[type="submit"]').focus();
  });
})();
