// Shared by the live screens. Everything from outside is put on the page as text nodes, never as HTML:
// a headline cannot become a tag, a link or a picture, whatever it holds.
const SHANGHAI = "Asia/Shanghai"
const clockFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: SHANGHAI, hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
const dayFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: SHANGHAI, month: "numeric", day: "numeric" })
const fullFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: SHANGHAI, year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })

function el(tag, className, ...children) {
  const node = document.createElement(tag)
  if (className) node.className = className
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    node.append(child instanceof Node ? child : document.createTextNode(String(child)))
  }
  return node
}

function titled(node, words) {
  node.title = words
  return node
}

// The browser's clock may be wrong; every pulse from the server brings the difference.
function serverNow() {
  return Date.now() + (globalThis.dutyClockOffset || 0)
}

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} 秒`
  if (whole < 3600) return `${Math.floor(whole / 60)} 分钟`
  if (whole < 86400) {
    const minutes = Math.floor(whole / 60) % 60
    return `${Math.floor(whole / 3600)} 小时${minutes ? ` ${minutes} 分` : ""}`
  }
  const hours = Math.floor(whole / 3600) % 24
  return `${Math.floor(whole / 86400)} 天${hours ? ` ${hours} 小时` : ""}`
}

function moment(ms) {
  const today = dayFormat.format(serverNow()) === dayFormat.format(ms)
  return today ? clockFormat.format(ms) : `${dayFormat.format(ms)} ${clockFormat.format(ms)}`
}

function marked(pieces) {
  return pieces.map(([text, hit]) => (hit ? el("mark", "", text) : document.createTextNode(text)))
}

// Time left to sign: words and how urgent they are. Only what nobody has signed for counts down.
function due(alert) {
  if (alert.signed) return { tone: "calm", words: `${alert.state} · ${alert.signed}` }
  if (alert.state !== "新警情") return { tone: "calm", words: alert.state }
  const left = (alert.due - serverNow()) / 1000
  if (left < 0) return { tone: "late", words: `未签收 · 已超时 ${span(-left)}` }
  return { tone: left < 600 ? "soon" : "wait", words: `待签收 · 剩 ${span(left)}` }
}

const SVG = "http://www.w3.org/2000/svg"
function bars(series, labels, unit) {
  const svg = document.createElementNS(SVG, "svg")
  const top = Math.max(1, ...series)
  svg.setAttribute("viewBox", `0 0 ${series.length * 4} 24`)
  svg.setAttribute("preserveAspectRatio", "none")
  svg.setAttribute("class", "bars")
  svg.setAttribute("role", "img")
  svg.setAttribute("aria-label", `逐小时：${series.join("、")} ${unit}`)
  series.forEach((value, index) => {
    const rect = document.createElementNS(SVG, "rect")
    const height = value ? Math.max(1.5, (value / top) * 23) : 0.6
    rect.setAttribute("x", String(index * 4 + 0.5))
    rect.setAttribute("y", String(24 - height))
    rect.setAttribute("width", "3")
    rect.setAttribute("height", String(height))
    if (index === series.length - 1) rect.setAttribute("class", "now")
    const words = document.createElementNS(SVG, "title")
    words.textContent = `${labels[index]} ${value} ${unit}`
    rect.append(words)
    svg.append(rect)
  })
  return svg
}

// ── The alarm ──────────────────────────────────────────────────────────────────────────────────────────────────────
// Tones are made here, nothing is downloaded. Browsers stay silent until the page was touched once.
let audio = null
function soundWanted() {
  return localStorage.getItem("duty-sound") !== "off"
}
function soundArmed() {
  return audio !== null && audio.state === "running"
}
function armSound() {
  const Context = globalThis.AudioContext || globalThis.webkitAudioContext
  if (!Context) return Promise.resolve()
  if (audio === null) audio = new Context()
  return audio.state === "suspended" ? audio.resume() : Promise.resolve()
}
function tone(at, pitch, seconds) {
  const oscillator = audio.createOscillator()
  const volume = audio.createGain()
  oscillator.type = "square"
  oscillator.frequency.value = pitch
  volume.gain.setValueAtTime(0.0001, at)
  volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, at + seconds)
  oscillator.connect(volume).connect(audio.destination)
  oscillator.start(at)
  oscillator.stop(at + seconds)
}
function ring(level) {
  globalThis.dutyRings = (globalThis.dutyRings || 0) + 1
  if (!soundWanted() || !soundArmed()) return
  // Red: three rising pairs; orange: one. Different enough to be told apart from the next room.
  const pairs = level === "I" ? 3 : 1
  for (let pair = 0; pair < pairs; pair += 1) {
    tone(audio.currentTime + pair * 0.7, 660, 0.28)
    tone(audio.currentTime + pair * 0.7 + 0.3, 990, 0.3)
  }
}
async function toggleSound() {
  const turnOff = soundWanted() && soundArmed()
  localStorage.setItem("duty-sound", turnOff ? "off" : "on")
  if (turnOff) return
  await armSound()
  ring("II")
}
function showSound(button) {
  const on = soundWanted()
  const armed = soundArmed()
  button.textContent = !on ? "声音已关" : armed ? "声音已开" : "点此开启声音"
  button.title = !on
    ? "点击后，新的红色、橙色警情会响铃"
    : armed
      ? "新的红色、橙色警情会响铃；点击关闭（只影响本浏览器）"
      : "浏览器要求先点一下页面才允许发声"
  button.classList.toggle("ask", on && !armed)
}
// Rings once for each new or raised red or orange alert; what was there when the page opened does not ring,
// unless it came while the page was reloading.
function watchAlarm(alarm) {
  if (!alarm) return
  const last = Number(sessionStorage.getItem("duty-alarm") || 0)
  if (alarm.at <= last) return
  sessionStorage.setItem("duty-alarm", String(alarm.at))
  if (last || serverNow() - alarm.at < 20000) ring(alarm.level)
}

function tabTitle(count) {
  const base = document.title.replace(/^\(\d+\) /, "")
  const wanted = count ? `(${count}) ${base}` : base
  if (document.title !== wanted) document.title = wanted
}

// One ticking clock per mounted screen; the screen's own cleanup stops it.
const tickers = new WeakMap()
function everySecond(host, work) {
  clearInterval(tickers.get(host))
  work()
  tickers.set(host, setInterval(work, 1000))
}
function stopTicking(host) {
  clearInterval(tickers.get(host))
  tickers.delete(host)
}
