"use strict";

// The words around the notice, in the reader's language; the notice itself comes in the language of its letter.
const WORDS = {
  en: {
    title: "Your notice",
    intro: "This page shows our notice to you, with your own details. It opens once: save or print it then.",
    warning: "We never ask you here for a password, a code or a payment.",
    open: "Open my notice",
    closed: "This link was opened before, or its time is over, or it is not complete. Write to us or call us. You can check your reference on our page.",
    again: "That did not work. Please try again in a moment.",
  },
  de: {
    title: "Ihre Mitteilung",
    intro: "Diese Seite zeigt unsere Mitteilung an Sie mit Ihren eigenen Angaben. Sie öffnet sich einmal: Speichern oder drucken Sie sie dann.",
    warning: "Wir fragen Sie hier nie nach einem Passwort, einem Code oder einer Zahlung.",
    open: "Meine Mitteilung öffnen",
    closed: "Dieser Link wurde schon geöffnet, ist abgelaufen oder unvollständig. Schreiben Sie uns oder rufen Sie uns an. Ihre Nummer können Sie auf unserer Seite prüfen.",
    again: "Das hat nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
  },
  es: {
    title: "Su aviso",
    intro: "Esta página muestra nuestro aviso con sus propios datos. Se abre una sola vez: guárdelo o imprímalo entonces.",
    warning: "Aquí nunca le pedimos una contraseña, un código ni un pago.",
    open: "Abrir mi aviso",
    closed: "Este enlace ya se abrió, ha caducado o está incompleto. Escríbanos o llámenos. Puede comprobar su referencia en nuestra página.",
    again: "No ha funcionado. Inténtelo de nuevo en un momento.",
  },
  fr: {
    title: "Votre avis",
    intro: "Cette page affiche notre avis avec vos propres informations. Elle ne s’ouvre qu’une fois : enregistrez-le ou imprimez-le alors.",
    warning: "Nous ne vous demandons jamais ici un mot de passe, un code ou un paiement.",
    open: "Ouvrir mon avis",
    closed: "Ce lien a déjà été ouvert, a expiré ou est incomplet. Écrivez-nous ou appelez-nous. Vous pouvez vérifier votre référence sur notre page.",
    again: "Cela n’a pas fonctionné. Réessayez dans un instant.",
  },
  it: {
    title: "Il suo avviso",
    intro: "Questa pagina mostra il nostro avviso con i suoi dati. Si apre una sola volta: lo salvi o lo stampi allora.",
    warning: "Qui non le chiediamo mai una password, un codice o un pagamento.",
    open: "Aprire il mio avviso",
    closed: "Questo link è già stato aperto, è scaduto o è incompleto. Ci scriva o ci chiami. Può verificare il suo riferimento sulla nostra pagina.",
    again: "Non ha funzionato. Riprovi tra un momento.",
  },
  ja: {
    title: "お客様へのお知らせ",
    intro: "お客様ご自身の情報を含むお知らせを表示します。開けるのは一度だけです。保存または印刷してください。",
    warning: "このページでパスワード、コード、お支払いをお願いすることはありません。",
    open: "お知らせを開く",
    closed: "このリンクはすでに開かれたか、期限が切れたか、不完全です。メールまたはお電話でご連絡ください。照会番号は当社のページで確認できます。",
    again: "うまくいきませんでした。しばらくしてからもう一度お試しください。",
  },
  nl: {
    title: "Uw bericht",
    intro: "Deze pagina toont ons bericht met uw eigen gegevens. Zij opent één keer: bewaar of print het dan.",
    warning: "Wij vragen u hier nooit om een wachtwoord, een code of een betaling.",
    open: "Mijn bericht openen",
    closed: "Deze link is al geopend, verlopen of niet volledig. Schrijf ons of bel ons. Uw referentie kunt u op onze pagina controleren.",
    again: "Dat is niet gelukt. Probeer het zo nog eens.",
  },
  pl: {
    title: "Państwa zawiadomienie",
    intro: "Ta strona pokazuje nasze zawiadomienie z Państwa danymi. Otwiera się jeden raz: prosimy je wtedy zapisać lub wydrukować.",
    warning: "Nigdy nie prosimy tu o hasło, kod ani płatność.",
    open: "Otwórz zawiadomienie",
    closed: "Ten link został już otwarty, wygasł lub jest niepełny. Prosimy napisać do nas lub zadzwonić. Numer referencyjny można sprawdzić na naszej stronie.",
    again: "Nie udało się. Prosimy spróbować ponownie za chwilę.",
  },
  pt: {
    title: "O seu aviso",
    intro: "Esta página mostra o nosso aviso com os seus próprios dados. Abre uma única vez: guarde-o ou imprima-o nessa altura.",
    warning: "Aqui nunca pedimos uma senha, um código ou um pagamento.",
    open: "Abrir o meu aviso",
    closed: "Este link já foi aberto, expirou ou está incompleto. Escreva-nos ou telefone-nos. Pode verificar a sua referência na nossa página.",
    again: "Não funcionou. Tente de novo daqui a pouco.",
  },
  sv: {
    title: "Ditt meddelande",
    intro: "Sidan visar vårt meddelande med dina egna uppgifter. Den öppnas en gång: spara eller skriv ut det då.",
    warning: "Vi frågar dig aldrig här efter ett lösenord, en kod eller en betalning.",
    open: "Öppna mitt meddelande",
    closed: "Länken har redan öppnats, har gått ut eller är inte fullständig. Skriv till oss eller ring oss. Du kan kontrollera din referens på vår sida.",
    again: "Det fungerade inte. Försök igen om en stund.",
  },
};

const known = navigator.languages.map((tag) => tag.split("-")[0]).find((language) => Object.hasOwn(WORDS, language));
const language = known || "en";
const words = WORDS[language];
const part = (id) => document.getElementById(id);
const button = part("open");

document.documentElement.lang = language;
document.title = words.title;
for (const id of ["title", "intro", "warning", "open"]) {
  part(id).textContent = words[id];
}
button.disabled = false;
button.addEventListener("click", openNotice);

// Only this press opens: whoever follows links by itself fetches the page and no more.
async function openNotice() {
  button.disabled = true;
  part("trouble").textContent = "";
  try {
    const answer = await fetch(location.pathname + location.search, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code: location.hash.slice(1) }),
      credentials: "omit",
      cache: "no-store",
    });
    if (answer.ok) {
      show(await answer.json());
    } else if (answer.status === 404 || answer.status === 410) {
      refuse(await answer.json());
    } else {
      throw new Error("again");
    }
  } catch {
    part("trouble").textContent = words.again;
    button.disabled = false;
  }
}

function show(notice) {
  forget();
  const article = part("notice");
  article.lang = notice.language;
  article.replaceChildren(...lines(notice.text));
  article.hidden = false;
  part("closed").hidden = true;
  article.focus();
}

// The letter is plain text: its lines are set as text, and those that it underlines as headings.
function lines(text) {
  const all = text.split("\n");
  const rules = { "=": "h1", "-": "h2" };
  const rule = (at) => /^(=+|-+)$/.test(all[at] || "") && all[at - 1];
  return all.flatMap((line, at) => {
    if (rule(at)) {
      return [];
    }
    if (!rule(at + 1)) {
      return [line + "\n"];
    }
    const heading = document.createElement(rules[all[at + 1][0]]);
    heading.textContent = line;
    return [heading];
  });
}

function refuse(merchant) {
  forget();
  part("trouble").textContent = words.closed;
  part("contact").replaceChildren(
    ...[merchant.email, merchant.phone, merchant.notice_page].filter(Boolean).map((way) => {
      const item = document.createElement("li");
      item.textContent = way;
      return item;
    }),
  );
  button.hidden = true;
}

// The code opens nothing any more: it does not stay in the address bar or the history.
function forget() {
  history.replaceState(null, "", location.pathname + location.search);
}
