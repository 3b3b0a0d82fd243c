// The limits of one alert as chips that count down by the server's clock; red once they have run out.
export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".queue_limits")
  const offset = data.now - Date.now()
  const chips = data.dues.map((one) => {
    const left = el("b")
    const node = titled(el("span", "chip", `${one.name} `, left), `${one.name}：${fullFormat.format(one.at)}`)
    node.tick = () => {
      const seconds = (one.at - Date.now() - offset) / 1000
      const whole = Math.floor(Math.abs(seconds))
      const words = whole < 3600 ? `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}` : span(whole)
      left.textContent = seconds < 0 ? `超 ${words}` : `剩 ${words}`
      node.className = `chip ${seconds < 0 ? "late" : seconds < 600 ? "soon" : "wait"}`
    }
    return node
  })
  root.replaceChildren(...(chips.length ? chips : [el("span", "chip", data.nothing)]))
  everySecond(parentElement, () => chips.forEach((node) => node.tick()))
  return () => stopTicking(parentElement)
}
