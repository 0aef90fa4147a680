/** The painted effects: confetti, balloons, fireworks, celebration and lasers, each a swarm on one canvas. */

const BRIGHT = ["#ff3b5c", "#ff9f0a", "#ffd60a", "#30d158", "#40c8ff", "#5e7bff", "#bf5af2", "#ff6fb5"];
const GOLD = ["#fff3b0", "#ffe066", "#ffc933", "#ffab1a", "#ffffff"];

const FULL_TURN = Math.PI * 2;

const between = (low, high) => low + Math.random() * (high - low);
const oneOf = (list) => list[Math.floor(Math.random() * list.length)];
const many = (count, make) => Array.from({ length: count }, (_, nth) => make(nth));

/**
 * Paint an effect into a layer until the returned function is called.
 *
 * A scene makes its specks once and draws each of them anew for every frame from the seconds since
 * the start; it keeps no state, so a slow machine drops frames and not the shape of the thing.
 */
export function paint(effect, layer, spot) {
  const canvas = document.createElement("canvas");
  layer.append(canvas);
  const { clientWidth: width, clientHeight: height } = layer;
  const sharp = Math.min(window.devicePixelRatio || 1, 2);
  canvas.width = width * sharp;
  canvas.height = height * sharp;
  const brush = canvas.getContext("2d");
  const draw = SCENES[effect]({ width, height, spot });
  const start = performance.now();
  let frame = requestAnimationFrame(function step(time) {
    brush.setTransform(sharp, 0, 0, sharp, 0, 0);
    brush.clearRect(0, 0, width, height);
    draw(brush, Math.max(0, time - start) / 1000);
    frame = requestAnimationFrame(step);
  });
  return () => cancelAnimationFrame(frame);
}

const SCENES = { confetti, balloons, fireworks, celebration, lasers };

function confetti({ width, height }) {
  const pieces = many(150, () => ({
    x: between(0, width),
    from: between(-0.7, -0.05) * height,
    speed: between(0.32, 0.6) * height,
    sway: between(8, 34),
    turn: between(2, 9),
    phase: between(0, FULL_TURN),
    size: between(5, 10),
    colour: oneOf(BRIGHT),
  }));
  return (brush, seconds) => {
    for (const piece of pieces) {
      const y = piece.from + piece.speed * seconds;
      const angle = piece.phase + piece.turn * seconds;
      brush.save();
      brush.translate(piece.x + Math.sin(angle / 2) * piece.sway, y);
      brush.rotate(angle / 3);
      brush.scale(1, Math.cos(angle)); // a flake of paper shows its edge as it tumbles
      brush.fillStyle = piece.colour;
      brush.fillRect(-piece.size / 2, -piece.size / 3, piece.size, piece.size / 1.5);
      brush.restore();
    }
  };
}

function balloons({ width, height }) {
  const flock = many(13, (nth) => ({
    x: ((nth + 0.5) / 13) * width + between(-20, 20),
    late: between(0, 1.3),
    speed: between(0.4, 0.58) * height,
    size: between(26, 42),
    phase: between(0, FULL_TURN),
    colour: BRIGHT[nth % BRIGHT.length],
  }));
  return (brush, seconds) => {
    for (const balloon of flock) {
      const y = height + 70 - Math.max(0, seconds - balloon.late) * balloon.speed;
      drawBalloon(brush, balloon.x + Math.sin(seconds * 1.6 + balloon.phase) * 12, y, balloon);
    }
  };
}

function drawBalloon(brush, x, y, { size, colour }) {
  brush.strokeStyle = "rgba(128, 128, 128, 0.6)";
  brush.beginPath();
  brush.moveTo(x, y + size * 1.2);
  brush.quadraticCurveTo(x + 7, y + size * 2, x - 3, y + size * 2.7);
  brush.stroke();
  const skin = brush.createRadialGradient(x - size * 0.35, y - size * 0.45, size * 0.08, x, y, size * 1.25);
  skin.addColorStop(0, "rgba(255, 255, 255, 0.95)");
  skin.addColorStop(0.25, colour);
  skin.addColorStop(1, colour);
  brush.fillStyle = skin;
  brush.globalAlpha = 0.93;
  brush.beginPath();
  brush.ellipse(x, y, size, size * 1.2, 0, 0, FULL_TURN);
  brush.fill();
  brush.globalAlpha = 1;
}

function fireworks({ width, height }) {
  const shells = many(8, (nth) => ({
    x: between(0.15, 0.85) * width,
    y: between(0.14, 0.5) * height,
    at: 0.25 + nth * 0.38,
    sparks: burst(64, 0.26 * width, [oneOf(BRIGHT), oneOf(BRIGHT), "#ffffff"]),
  }));
  return (brush, seconds) => {
    brush.globalCompositeOperation = "lighter";
    for (const shell of shells) {
      drawRocket(brush, shell, seconds, height);
      drawBurst(brush, shell, seconds - shell.at, 1.5);
    }
    brush.globalCompositeOperation = "source-over";
  };
}

const burst = (count, reach, colours) =>
  many(count, () => ({
    angle: between(0, FULL_TURN),
    reach: reach * Math.sqrt(between(0.08, 1)),
    colour: oneOf(colours),
    size: between(1, 2.3),
  }));

function drawRocket(brush, { x, y, at }, seconds, height) {
  const climbed = 1 - (at - seconds) / 0.5;
  if (climbed < 0 || climbed > 1) return;
  brush.fillStyle = "#ffe9b8";
  brush.fillRect(x - 1, height + (y - height) * climbed, 2, 16);
}

function drawBurst(brush, { x, y, sparks }, age, life) {
  if (age < 0 || age > life) return;
  const grown = 1 - (1 - age / life) ** 3;
  const fall = 42 * (age / life) ** 2;
  brush.globalAlpha = Math.min(1, 2 * (1 - age / life));
  for (const spark of sparks) {
    brush.strokeStyle = spark.colour;
    brush.lineWidth = spark.size;
    brush.lineCap = "round";
    brush.beginPath();
    for (const lag of [0.82, 1]) {
      const far = spark.reach * grown * lag;
      brush.lineTo(x + Math.cos(spark.angle) * far, y + Math.sin(spark.angle) * far + fall * lag);
    }
    brush.stroke();
  }
  brush.globalAlpha = 1;
}

/** A golden star runs from the bubble to the top corner and sheds sparks all the way. */
function celebration({ width, height, spot }) {
  const path = (share) => ({
    x: spot.x + (width * 0.86 - spot.x) * share,
    y: spot.y + (height * 0.13 - spot.y) * share - Math.sin(share * Math.PI) * height * 0.12,
  });
  const shed = many(190, () => ({
    share: between(0, 1),
    angle: between(0, FULL_TURN),
    reach: between(8, 64),
    size: between(1, 3.2),
    colour: oneOf(GOLD),
  }));
  const finale = { ...path(1), sparks: burst(90, 0.4 * width, GOLD) };
  return (brush, seconds) => {
    brush.globalCompositeOperation = "lighter";
    for (const spark of shed) {
      const age = seconds - spark.share * 1.1;
      if (age < 0 || age > 1.1) continue;
      const { x, y } = path(spark.share);
      const far = spark.reach * Math.sqrt(age);
      brush.globalAlpha = 1 - age / 1.1;
      drawStar(brush, x + Math.cos(spark.angle) * far, y + Math.sin(spark.angle) * far + age * age * 60, spark);
    }
    brush.globalAlpha = 1;
    drawBurst(brush, finale, seconds - 1.1, 1.7);
    brush.globalCompositeOperation = "source-over";
  };
}

function drawStar(brush, x, y, { size, colour }) {
  brush.fillStyle = colour;
  brush.beginPath();
  for (let point = 0; point < 8; point += 1) {
    const far = point % 2 ? size * 0.6 : size * 2;
    brush.lineTo(x + Math.cos((point / 8) * FULL_TURN) * far, y + Math.sin((point / 8) * FULL_TURN) * far);
  }
  brush.fill();
}

/** Beams fan out of the bubble, sweep to and fro and change colour. */
function lasers({ width, height, spot }) {
  const beams = many(14, (nth) => ({
    rest: (nth / 14) * FULL_TURN,
    swing: between(0.25, 0.7),
    pace: between(1.5, 3.2),
    hue: nth * 26,
  }));
  const far = Math.hypot(width, height);
  return (brush, seconds) => {
    const strength = Math.min(1, seconds * 3, (3.5 - seconds) * 2);
    brush.globalCompositeOperation = "lighter";
    brush.globalAlpha = Math.max(0, strength);
    for (const beam of beams) {
      const angle = beam.rest + Math.sin(seconds * beam.pace) * beam.swing + seconds * 0.5;
      const [x, y] = [spot.x + Math.cos(angle) * far, spot.y + Math.sin(angle) * far];
      const hue = (beam.hue + seconds * 120) % 360;
      for (const [thick, alpha] of [[14, 0.12], [5, 0.35], [1.6, 1]]) {
        brush.strokeStyle = `hsla(${hue}, 100%, 62%, ${alpha})`;
        brush.lineWidth = thick;
        brush.beginPath();
        brush.moveTo(spot.x, spot.y);
        brush.lineTo(x, y);
        brush.stroke();
      }
    }
    brush.globalAlpha = 1;
    brush.globalCompositeOperation = "source-over";
  };
}
