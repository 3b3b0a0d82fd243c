// Mounted on every page: tells the server that a person acted (a timer is no person), and leaves for the sign-in page
// when the server says so, or when the line is dead because the sign-in ended meanwhile (a computer that was asleep).
const holders = new WeakMap()
const ACTS = ["pointerdown", "keydown", "wheel", "touchstart"]
const ACT_EVERY = 30000
// Told in the pause after an act: in one batch with the click itself, Streamlit would run only one of the two.
const ACT_PAUSE = 1500

// The gate may know the ended sign-in for one more second; whoever comes sooner is led back to a page that stays empty.
const GATE_FORGETS = 1500

async function leave(back) {
  if (back) {
    const here = location.pathname + location.search
    setTimeout(() => location.assign(`/login?next=${encodeURIComponent(here)}&ended=1`), GATE_FORGETS)
    return
  }
  try {
    await fetch("/logout", { method: "POST", redirect: "manual" }) // takes the cookie out of the browser, too
  } catch {
    // The sign-in itself has ended already.
  }
  setTimeout(() => location.assign("/login?out=1"), GATE_FORGETS)
}

async function ask() {
  // No navigation: whoever is not signed in gets 401, or is led elsewhere; a dead server gives no answer at all.
  try {
    const answer = await fetch("/", { headers: { Accept: "text/plain" }, redirect: "manual", cache: "no-store" })
    if (answer.status === 401 || answer.type === "opaqueredirect") leave(true)
  } catch {
    // The next look asks again.
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  // Streamlit's shell says "en": browsers would offer to translate, and some pick Japanese shapes for the characters.
  document.documentElement.lang = "zh-CN"
  if (data.leave) {
    leave(data.back)
    return undefined
  }
  let holder = holders.get(parentElement)
  if (!holder) {
    holder = { actedAt: 0 }
    holders.set(parentElement, holder)
    holder.acted = () => {
      clearTimeout(holder.pause)
      if (Date.now() - holder.actedAt < ACT_EVERY) return
      holder.pause = setTimeout(() => {
        holder.actedAt = Date.now()
        holder.tell("acted", holder.actedAt)
      }, ACT_PAUSE)
    }
    for (const name of ACTS) document.addEventListener(name, holder.acted, { capture: true, passive: true })
    holder.timer = setInterval(() => {
      if (Date.now() - holder.heardAt > holder.patience) ask()
    }, 3000)
  }
  holder.tell = setTriggerValue
  holder.patience = data.patience * 1000
  if (holder.at !== data.at) {
    holder.at = data.at
    holder.heardAt = Date.now()
  }
  return () => {
    for (const name of ACTS) document.removeEventListener(name, holder.acted, { capture: true })
    clearInterval(holder.timer)
    clearTimeout(holder.pause)
    holders.delete(parentElement)
  }
}
