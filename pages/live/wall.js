// The screen is built again only when something on it changed; the strip and the clocks are filled in.
const screens = new WeakMap()
const bigClock = new Intl.DateTimeFormat("zh-CN", { timeZone: SHANGHAI, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })
const bigDay = new Intl.DateTimeFormat("zh-CN", { timeZone: SHANGHAI, year: "numeric", month: "long", day: "numeric", weekday: "long" })

function tile(info) {
  return el("div", `tile ${info.tone}`, el("div", "label", info.label), el("b", "", info.value), el("div", "note", info.note || " "))
}

function line(alert) {
  const left = el("span", "due")
  const age = el("span", "age")
  const title = titled(el("span", "title", ...marked(alert.title)), alert.title.map(([text]) => text).join(""))
  const node = el(
    "div",
    `line ${alert.tone}`,
    titled(el("span", "badge", alert.badge), `警情编号 ${alert.number}`),
    title,
    el("span", "where", titled(el("b", "", alert.place), alert.placeFull), el("span", "facts", `${alert.persons} · ${alert.money}`)),
    titled(el("span", "spread", `${alert.outlets} 家媒体`), `共 ${alert.reports} 篇，首发：${alert.firstOutlet}`),
    el("span", "times", left, age),
  )
  node.tick = () => {
    const state = due(alert)
    left.className = `due ${state.tone}`
    left.textContent = state.words
    left.title = state.words
    age.textContent = `${span((serverNow() - alert.raised) / 1000)}前`
  }
  return node
}

function prefecture(info, top) {
  const bar = el("span", "bar")
  for (const part of info.parts) {
    const piece = titled(el("span", `part ${part.tone}`), `${part.name} ${part.count} 起`)
    piece.style.width = `${(part.count / top) * 100}%`
    bar.append(piece)
  }
  return el("div", "prefecture", el("span", "name", info.name), bar, el("b", "", info.total))
}

function footer(screen) {
  screen.sources = el("span", "sources")
  screen.sound = el("button", "sound")
  const full = el("button", "", "全屏")
  const leave = el("a", "leave", "退出大屏")
  screen.sound.type = "button"
  full.type = "button"
  leave.href = "?"
  full.onclick = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())
  screen.sound.onclick = async () => {
    await toggleSound()
    showSound(screen.sound)
  }
  return el("footer", "", screen.sources, screen.sound, full, leave)
}

function build(screen, data) {
  screen.lines = data.alerts.map(line)
  screen.time = el("div", "time")
  screen.day = el("div", "day")
  screen.words = el("strong", "words")
  screen.advice = el("span", "advice")
  screen.roster = titled(el("span", "roster"), "在“值班与交接”中排班")
  screen.strip = el("div", "strip", el("span", "lamp"), screen.words, screen.roster, screen.advice)
  const top = Math.max(1, ...data.prefectures.map((row) => row.total))
  screen.root.replaceChildren(
    el(
      "header",
      "",
      el("div", "name", data.name, data.place && el("span", "place", data.place), data.demo && el("span", "demo", "演示数据")),
      screen.strip,
      el("div", "clock", screen.time, screen.day),
    ),
    el("div", "tiles", ...data.tiles.map(tile)),
    el(
      "main",
      "",
      el("section", "alerts", el("h2", "", data.heading), ...(screen.lines.length ? screen.lines : [el("div", "nothing", data.nothing)])),
      el(
        "section",
        "side",
        ...(data.parts
          ? [el("h2", "", data.parts), el("div", "prefectures", ...data.prefectures.map((row) => prefecture(row, top)))]
          : []),
        el("h2", "", "近 24 小时欠薪相关报道（每小时）"),
        el("div", "trend", bars(data.trend.series, data.trend.labels, "篇")),
        el("div", "axis", el("span", "", data.trend.labels[0]), el("span", "", "现在")),
      ),
    ),
    footer(screen),
  )
}

export default function (component) {
  const { data, parentElement } = component
  const screen = screens.get(parentElement) || { root: parentElement.querySelector(".wall") }
  screens.set(parentElement, screen)
  const pulse = data.pulse
  const shown = JSON.stringify({ ...data, pulse: null })
  if (screen.shown !== shown) {
    screen.shown = shown
    build(screen, data)
  }
  if (screen.now !== pulse.now) {
    screen.now = pulse.now
    screen.receivedAt = Date.now()
    globalThis.dutyClockOffset = pulse.now - Date.now()
    watchAlarm(pulse.alarm)
  }
  everySecond(parentElement, () => {
    const now = serverNow()
    screen.time.textContent = bigClock.format(now)
    screen.day.textContent = bigDay.format(now)
    const silence = (Date.now() - screen.receivedAt) / 1000
    const cut = silence > pulse.patience
    screen.strip.dataset.state = cut ? "cut" : pulse.state
    screen.words.textContent = cut ? `大屏与服务器失去联系 ${span(silence)}` : pulse.words
    screen.advice.textContent = cut ? "内容可能已过时，正在自动重连" : pulse.advice
    screen.roster.textContent = pulse.roster
    screen.sources.textContent = pulse.sources.words
    screen.sources.title = pulse.sources.names
    showSound(screen.sound)
    tabTitle(pulse.unsigned)
    screen.lines.forEach((node) => node.tick())
  })
  return () => {
    stopTicking(parentElement)
    screens.delete(parentElement)
    tabTitle(0)
  }
}
