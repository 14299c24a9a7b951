/**
 * What /verify does in the browser. The token comes in the fragment, which is sent to no server, and is taken out of the
 * address bar at once; it leaves the page in the body of a POST alone. The password always goes with it, though the API
 * would do without: a click on the mail of a stranger's registration must not activate what the stranger chose.
 */
export const verifyScript = `
'use strict';
(() => {
  const verify = document.getElementById('verify');
  const resend = document.getElementById('resend');
  const status = document.querySelector('[role=status]');
  const messages = JSON.parse(verify.dataset.messages);
  const fragment = location.hash.slice(1);
  const token = new URLSearchParams(fragment).get('token') || (fragment.includes('=') ? '' : fragment);
  history.replaceState(null, '', location.pathname);

  function say(name, isGood) {
    status.textContent = messages[name];
    status.className = isGood ? 'good' : isGood === false ? 'bad' : '';
  }

  function offerResend() {
    verify.hidden = true;
    resend.hidden = false;
    resend.elements.email.focus();
  }

  async function post(form, path, body) {
    const button = form.querySelector('button');
    button.disabled = true;
    say('working');
    try {
      const response = await fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        credentials: 'omit',
      });
      const problem = response.ok ? null : await response.json().catch(() => ({}));
      return { status: response.status, code: problem && problem.code };
    } catch {
      return { status: 0 };
    } finally {
      button.disabled = false;
    }
  }

  function sayFailure(answer) {
    say(answer.status === 429 ? 'tooMany' : 'failed', false);
  }

  verify.addEventListener('submit', async (event) => {
    event.preventDefault();
    const password = verify.elements.password.value;
    const answer = await post(verify, '/v1/auth/email/verify', { token, password });
    if (answer.status === 204) {
      verify.hidden = true;
      return say('done', true);
    }
    if (answer.code === 'auth.password_mismatch') {
      say('wrongPassword', false);
      return verify.elements.password.select();
    }
    if (answer.code === 'auth.token_invalid' || answer.code === 'request.invalid') {
      say('expired', false);
      return offerResend();
    }
    sayFailure(answer);
  });

  resend.addEventListener('submit', async (event) => {
    event.preventDefault();
    const answer = await post(resend, '/v1/auth/email/verify/resend', { email: resend.elements.email.value });
    if (answer.status !== 202) return sayFailure(answer);
    resend.hidden = true;
    say('sent', true);
  });

  if (!token) {
    say('noToken', false);
    offerResend();
  } else {
    verify.elements.password.focus();
  }
})();
`;
