/** The look of all pages: system fonts, light and dark, contrast of at least 4.5 to 1. */
export const style = `
:root {
  color-scheme: light dark;
  --text: #1c2430; --soft: #55606e; --paper: #ffffff; --ground: #f2f4f7; --line: #8a94a3;
  --accent: #1f5fbf; --on-accent: #ffffff; --good: #14713d; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e8ecf2; --soft: #a9b3c1; --paper: #1b222c; --ground: #12171e; --line: #6b7686;
    --accent: #8ab8ff; --on-accent: #10161f; --good: #6fd39b; --bad: #ff9c94;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
main { width: 100%; max-width: 27rem; padding: 2rem; background: var(--paper); border-radius: 0.75rem; }
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
a { color: var(--accent); }
label { display: block; margin-bottom: 0.25rem; font-weight: 600; }
.hint { color: var(--soft); font-size: 0.9rem; }
input {
  width: 100%; margin-bottom: 0.5rem; padding: 0.65rem 0.75rem; font: inherit;
  color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 0.4rem;
}
button {
  width: 100%; padding: 0.7rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 0; border-radius: 0.4rem;
}
button:disabled { opacity: 0.6; cursor: progress; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role='status'] { margin: 1rem 0 0; }
[role='status']:empty { margin: 0; }
.good { color: var(--good); }
.bad { color: var(--bad); }
ul { margin: 0; padding-left: 1.2rem; }
[hidden] { display: none; }
`;
