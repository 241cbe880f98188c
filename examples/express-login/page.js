// The two pages. `html` escapes what is put in: a name or a browser may be called anything.
import { html } from "./html.js";

/** For somebody who is not logged in, with what was wrong with the last try. */
export function loginPage(wrong) {
  return page("Log in", html`
    <h1>Who are you?</h1>
    ${wrong ? html`<p role="alert">${wrong}</p>` : null}
    <form method="post" action="/login">
      <label>Name <input name="name" required maxlength="64" autofocus></label>
      <button>Log in</button>
    </form>`);
}

/** For somebody who is: `session` is theirs, `devices` are all the sessions of the same user. */
export function homePage(session, devices) {
  return page(`Hello, ${session.user}`, html`
    <h1>Hello, ${session.user}</h1>
    <form method="post" action="/logout"><button>Log out</button></form>
    <h2>Your devices</h2>
    <ul>${devices.map((device) => item(device, device.id === session.id))}</ul>
    ${devices.length > 1 ? html`<form method="post" action="/devices/end-others"><button>Log out everywhere else</button></form>` : null}`);
}

function item({ id, metadata, last_seen }, isThisOne) {
  return html`
      <li>
        <div>${metadata.user_agent ?? "unknown"}<small>last seen ${last_seen}${isThisOne ? ", this one" : null}</small></div>
        ${isThisOne ? null : html`<form method="post" action="/devices/${id}/end"><button>Log out there</button></form>`}
      </li>`;
}

function page(title, body) {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <style>
      :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
      body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
      form { display: inline; }
      input, button { font: inherit; padding: .4rem .8rem; border-radius: .4rem; border: 1px solid #8888; }
      button { cursor: pointer; }
      ul { list-style: none; padding: 0; }
      li { display: flex; gap: 1rem; align-items: center; justify-content: space-between;
           padding: .8rem 0; border-top: 1px solid #8884; }
      li > div { min-width: 0; overflow-wrap: anywhere; }
      small { color: #888; display: block; }
    </style>
  </head>
  <body>${body}
  </body>
</html>
`;
}
