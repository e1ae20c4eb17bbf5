"""Lesson 6 of the course, gradient descent: `python examples/course/06_gradient_descent.py --lang pt`."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 6. Gradient descent
#
# You stand in the mountains, in thick fog, and want to go down into the valley. You cannot see it. But under your feet
# you feel which way it slopes. So you take a step downhill, feel again, take the next step. When the ground is level,
# you have arrived. This is **gradient descent**, and all neural networks in the world learn this way.
#
# Our mountains have three directions today, the weights `[w1, w2, w3]`. Somebody has chosen three secret weights, and
# for 50 inputs he tells us the answers that they give. We want to find the weights.
# %% [markdown] lang="pt"
# # 6. Gradiente descendente
#
# Você está nas montanhas, em neblina fechada, e quer descer até o vale. Não dá para vê-lo. Mas debaixo dos pés você
# sente para que lado o chão desce. Então dá um passo morro abaixo, sente de novo, dá o próximo passo. Quando o chão
# fica plano, você chegou. Isto é o **gradiente descendente**, e é assim que aprendem todas as redes neurais do mundo.
#
# As nossas montanhas têm hoje três direções, os pesos `[w1, w2, w3]`. Alguém escolheu três pesos secretos e nos conta,
# para 50 entradas, as respostas que eles dão. Queremos encontrar os pesos.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg
from tinygrad_br import Value

rng = np.random.default_rng(0)
secret = np.array([2.0, -1.0, 0.5])
x = rng.normal(size=(50, 3))
y = x @ secret


def loss_of(w):
    return ((x @ w - y) ** 2).mean()


print(loss_of(np.array([0.0, 0.0, 0.0])), loss_of(secret))
assert loss_of(secret) == 0

# %% [markdown] lang="en"
# With the weights `[0, 0, 0]` the loss is large, with the secret ones it is 0. Now the descent. We start at zero and
# repeat four lines:
#
# 1. compute the loss,
# 2. forget the old derivatives,
# 3. compute the new ones,
# 4. take a step against them.
#
# The size of the step is the **learning rate**. And when do we stop? When the loss has all but stopped changing: then
# we say that it has **converged**.
# %% [markdown] lang="pt"
# Com os pesos `[0, 0, 0]` a perda é grande; com os secretos, é 0. Agora a descida. Partimos do zero e repetimos quatro
# linhas:
#
# 1. calcular a perda,
# 2. esquecer as derivadas antigas,
# 3. calcular as novas,
# 4. dar um passo contra elas.
#
# O tamanho do passo é a **taxa de aprendizado**. E quando paramos? Quando a perda quase não muda mais: aí dizemos que
# houve **convergência**.

# %%
learning_rate = 0.1
w = Value([0.0, 0.0, 0.0], name="w")
path, losses = [w.data.copy()], [loss_of(w.data)]

while True:
    loss = loss_of(w)
    w.zero_grad()
    loss.backward()
    w.data = w.data - learning_rate * w.grad
    path.append(w.data.copy())
    losses.append(loss_of(w.data))
    if abs(losses[-2] - losses[-1]) < 1e-12:
        break

print(say("steps:", "passos:"), len(losses) - 1, " w:", w.data)
assert np.allclose(w.data, secret, atol=1e-4)

# %% [markdown] lang="en"
# The secret is out! And we never *guessed*. We just went downhill. (`w.zero_grad()` is the forgetting: without it, new
# derivatives would be added to the old ones. To forget the forgetting is the most frequent mistake of all.)
#
# And this is how it went. On the left the three weights, on the right the loss. Its scale is logarithmic: each line is
# a hundred times lower than the one before.
# %% [markdown] lang="pt"
# O segredo foi descoberto! E em momento nenhum nós *chutamos*. Só andamos morro abaixo. (`w.zero_grad()` é o esquecer:
# sem ele, as derivadas novas se somariam às antigas. Esquecer de esquecer é o erro mais comum de todos.)
#
# E foi assim que aconteceu. À esquerda os três pesos, à direita a perda, em escala logarítmica: cada linha está cem
# vezes abaixo da anterior.

# %%
path = np.array(path)
colours = ["#1f6fb4", "#d9632b", "#2e9e5b"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
for i, colour in enumerate(colours):
    left.plot(path[:, i], color=colour, lw=2, label=f"w{i + 1}")
    left.axhline(secret[i], color=colour, ls=":", lw=1)
left.set(xlabel=say("step", "passo"), title=say("the weights", "os pesos"))
left.legend(loc=(0.75, 0.2))
right.semilogy(losses, color="#1f6fb4", lw=2)
right.set(xlabel=say("step", "passo"), title=say("the loss", "a perda"))
right.grid(alpha=0.3)
show(plt, "convergence")

# %% [markdown] lang="en"
# First big steps, then ever smaller ones, although the learning rate stays the same. Near the bottom the slope is
# gentle, so the derivative is small, so the step is small. The descent brakes all by itself.
#
# We can also look at the mountains from above, as on a map. The lines join points of equal loss; `w1` goes to the
# right, `w2` upwards (and `w3` already has its best value, since paper has only two directions). The paths cross the
# lines nearly at right angles: that is the steepest way down.
# %% [markdown] lang="pt"
# Primeiro passos grandes, depois cada vez menores, embora a taxa de aprendizado não mude. Perto do fundo a inclinação é
# suave, então a derivada é pequena, então o passo é pequeno. A descida freia sozinha.
#
# Também podemos olhar as montanhas de cima, como em um mapa. As linhas ligam pontos de mesma perda; `w1` vai para a
# direita, `w2` para cima (e `w3` já tem o seu melhor valor, pois o papel só tem duas direções). Os caminhos cruzam as
# linhas quase em ângulo reto: é a descida mais íngreme.


# %%
def descend(start, learning_rate, steps):
    w = Value(start)
    path = [w.data.copy()]
    for _ in range(steps):
        w.zero_grad()
        loss_of(w).backward()
        w.data = w.data - learning_rate * w.grad
        path.append(w.data.copy())
    return np.array(path)


# %%
w1, w2 = np.meshgrid(np.linspace(-2, 4.5, 50), np.linspace(-3.5, 2.5, 50))
heights = [[loss_of(np.array([a, b, 0.5])) for a, b in zip(*row)] for row in zip(w1, w2)]
plt.figure(figsize=(6, 4.6))
plt.contour(w1, w2, heights, levels=[0.02, 0.2, 0.7, 1.5, 3, 5, 8, 12, 17], colors="#b8c4ce")
starts = [[-1.5, 2.0, 0.5], [4.0, 2.0, 0.5], [0.0, -3.0, 0.5]]
for start, colour in zip(starts, colours):
    steps = descend(start, 0.1, 60)
    plt.plot(steps[:, 0], steps[:, 1], ".-", color=colour, ms=7)
plt.plot(*secret[:2], "*", color="black", ms=14)
plt.xlabel("w1")
plt.ylabel("w2")
show(plt, "map")

# %% [markdown] lang="en"
# Three starts, one valley: all find the star.
#
# ## How long a step?
#
# With the learning rate you decide how bold you are. Let us try four.
# %% [markdown] lang="pt"
# Três partidas, um só vale: todos encontram a estrela.
#
# ## Que tamanho de passo?
#
# Com a taxa de aprendizado você decide o quanto é ousado. Vamos experimentar quatro.

# %%
final = {}
for rate in (0.003, 0.1, 0.5, 0.8):
    steps = descend([0.0, 0.0, 0.0], rate, 30)
    curve = [loss_of(w) for w in steps]
    final[rate] = curve[-1]
    plt.semilogy(curve, lw=2, label=say(f"rate {rate}", f"taxa {rate}"))
    print(f"{rate:5}  {curve[-1]:.2e}")

plt.xlabel(say("step", "passo"))
plt.ylabel(say("loss", "perda"))
plt.ylim(1e-8, 1e4)
plt.legend()
show(plt, "rates")

# %% [markdown] lang="en"
# Too small, and you crawl. Well chosen, and you are down in no time. Too large, and you step across the valley and land
# higher up on the other side; then higher still; the loss *explodes*. When a training goes wild, the learning rate is
# the first suspect.
#
# **A question for you.** Where exactly is the limit? It has to do with how sharply the valley bends, its *curvature*:
# in a narrow valley you must take small steps. The rule says: the learning rate must stay below 2 divided by the
# largest curvature. Let us see whether the rule knows our mountains.
# %% [markdown] lang="pt"
# Pequena demais, e você rasteja. Bem escolhida, e você chega logo. Grande demais, e o passo atravessa o vale e termina
# mais alto do outro lado; depois, mais alto ainda; a perda *explode*. Quando um treino enlouquece, a taxa de
# aprendizado é a primeira suspeita.
#
# **Uma pergunta para você.** Onde está exatamente o limite? Ele depende de quão fechada é a curva do vale, a sua
# *curvatura*: em um vale estreito é preciso dar passos pequenos. A regra diz: a taxa de aprendizado tem de ficar abaixo
# de 2 dividido pela maior curvatura. Vejamos se a regra conhece as nossas montanhas.

# %%
curvature = np.linalg.eigvalsh(tg.hessian(loss_of)(np.zeros(3))).max()
limit = 2 / curvature
print(say("limit:", "limite:"), round(limit, 4))
below = loss_of(descend([0.0, 0.0, 0.0], 0.98 * limit, 200)[-1])
above = loss_of(descend([0.0, 0.0, 0.0], 1.02 * limit, 200)[-1])
print(say("a little below:", "um pouco abaixo:"), below)
print(say("a little above:", "um pouco acima: "), above)
assert below < 0.001
assert above > 1000

# %% [markdown] lang="en"
# ## What we know now
#
# - **Gradient descent**: compute the loss, compute its derivatives, take a step against them, and again.
# - The **learning rate** is the length of the step: too small crawls, too large explodes.
# - When the loss has all but stopped changing, it has **converged**.
#
# Three weights here, 250 in our network, billions in the large ones: it is always these four lines.
#
# **Next:** we have called `backward()` many times now. What does it really do?
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - **Gradiente descendente**: calcular a perda, calcular as derivadas, dar um passo contra elas, e de novo.
# - A **taxa de aprendizado** é o tamanho do passo: pequena demais rasteja, grande demais explode.
# - Quando a perda quase não muda mais, houve **convergência**.
#
# Aqui são três pesos, na nossa rede são 250, nas grandes são bilhões: são sempre essas quatro linhas.
#
# **Na próxima aula:** já chamamos `backward()` muitas vezes. O que ele faz de verdade?
