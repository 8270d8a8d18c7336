import { deepEqual, doesNotThrow, ok, throws } from "node:assert/strict";
import { refuseGuessable, spellingsOf } from "./password.ts";

const email = "ada.king@example.com";

Deno.test("refuseGuessable() refuses what repeats, counts, or follows the keys", () => {
  const guessable = [
    "aaaaaaaaaaaa",
    "abababababab",
    "hunter2hunter2",
    "abcdefghijkl",
    "zyxwvutsrqpo",
    "123456789012",
    "qwertyuiop12",
    "asdfghjklasd",
    "Passwordpassword",
    "1q2w3e4r5t6y",
  ];
  for (const password of guessable) {
    throws(() => refuseGuessable(password, email), { code: "password_refused" }, password);
  }
});

Deno.test("refuseGuessable() refuses little more than the names of the person and the place", () => {
  for (const password of ["Ada.King-2026", "lovelace2026", "Sallyport2026", "sallyport-king"]) {
    throws(
      () => refuseGuessable(password, email, "Ada King Lovelace"),
      { code: "password_refused" },
      password,
    );
  }
});

Deno.test("refuseGuessable() lets through what is long enough besides, of whatever characters", () => {
  const fine = [
    "correct horse battery",
    "lovelace wrote the first program",
    "дождь идёт над городом",
    "パスワードではない長い文",
    "🦊🐢🌧️ and a long walk",
    "xkcd 936 is not the one",
  ];
  for (const password of fine) {
    doesNotThrow(() => refuseGuessable(password, email, "Ada King Lovelace"), password);
  }
});

Deno.test("spellingsOf() finds the word that a password is made of", () => {
  ok(spellingsOf("Football2024!!").includes("football"));
  ok(spellingsOf("P@55w0rd2024").includes("password"));
  ok(spellingsOf("__iloveyou__1").includes("iloveyou"));
  deepEqual(spellingsOf("correct horse"), ["correct horse"]);
});
