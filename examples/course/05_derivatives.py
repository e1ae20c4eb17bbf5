"""Lesson 5 of the course, derivatives: `python examples/course/05_derivatives.py --lang pt`; README.md says more."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 5. Derivatives
#
# Imagine a radio with 250 knobs, and you want the noise to go away. You would turn one knob a little and listen: louder
# or softer? Then you would know which way to turn it. This is what a **derivative** is: *how much does the loss change
# when I turn this knob a little?*
#
# We begin with one single knob. A neuron with one weight `w` sees the input 2 and should say 1. Its answer is `2 * w`,
# its loss `(2 * w - 1) ** 2`.
# %% [markdown] lang="pt"
# # 5. Derivadas
#
# Imagine um rádio com 250 botões, e você quer que o chiado suma. Você giraria um botão um pouquinho e escutaria:
# aumentou ou diminuiu? Aí já saberia para que lado girar. Uma **derivada** é isto: *quanto a perda muda quando giro
# este botão um pouquinho?*
#
# Comecemos com um só botão. Um neurônio com um peso `w` vê a entrada 2 e deve responder 1. A resposta dele é `2 * w`, e
# a perda, `(2 * w - 1) ** 2`.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg
from tinygrad_br import Value


def loss_of(w):
    return (2 * w - 1) ** 2


print(loss_of(1.5))
print(loss_of(1.501))
print((loss_of(1.501) - loss_of(1.5)) / 0.001)

# %% [markdown] lang="en"
# We turned the knob from 1.5 up by 0.001, and the loss grew by about 0.008: eight times as much as we turned. So the
# derivative at 1.5 is about 8. It is positive: up is the wrong direction, we must turn *down*.
#
# In the picture the derivative is the **slope** of the curve, here of the straight line that touches it.
# %% [markdown] lang="pt"
# Giramos o botão de 1,5 para cima em 0,001, e a perda cresceu cerca de 0,008: oito vezes o que giramos. Então a
# derivada em 1,5 é mais ou menos 8. Ela é positiva: para cima é o lado errado, temos de girar *para baixo*.
#
# Na figura, a derivada é a **inclinação** da curva, aqui a da reta que a toca.

# %%
w = np.linspace(-0.8, 2, 200)
plt.plot(w, loss_of(w), color="#1f6fb4", label=say("loss", "perda"))
for place, colour in ((1.5, "#d9632b"), (0.1, "#2e9e5b")):
    slope = 8 * place - 4
    near = np.array([place - 0.35, place + 0.35])
    plt.plot(near, loss_of(place) + slope * (near - place), color=colour, lw=3)
    plt.plot(place, loss_of(place), "o", color=colour, label=say(f"slope {slope:.1f}", f"inclinação {slope:.1f}"))
plt.xlabel("w")
plt.legend()
show(plt, "slope")

# %% [markdown] lang="en"
# On the right the curve goes up, the slope is positive, and we must go left. On the left it goes down, the slope is
# negative, and we must go right. **Always against the sign of the derivative.** At the bottom the slope is 0: nothing
# more to be gained.
#
# There are three ways to find a derivative. We go all three, and they must agree.
#
# ## First way: by hand
#
# At school one learns rules. The derivative of a square is twice what is squared, times the derivative of what is
# inside: 2 · (2w - 1) · 2 = 8w - 4. For w = 1.5 this is 8. Exactly.
#
# ## Second way: numerically
#
# That is what we did with the radio: turn a little, look, divide. But how little is *a little*? The smaller the better,
# one would think. Let us see.
# %% [markdown] lang="pt"
# À direita a curva sobe, a inclinação é positiva, e temos de ir para a esquerda. À esquerda ela desce, a inclinação é
# negativa, e temos de ir para a direita. **Sempre contra o sinal da derivada.** No fundo a inclinação é 0: não há mais
# nada a ganhar.
#
# Há três caminhos para encontrar uma derivada. Vamos percorrer os três, e eles têm de concordar.
#
# ## Primeiro caminho: à mão
#
# Na escola se aprendem regras. A derivada de um quadrado é duas vezes o que está ao quadrado, vezes a derivada do que
# está dentro: 2 · (2w - 1) · 2 = 8w - 4. Para w = 1,5 isso dá 8. Exatamente.
#
# ## Segundo caminho: numericamente
#
# Foi o que fizemos com o rádio: girar um pouquinho, olhar, dividir. Mas quanto é *um pouquinho*? Quanto menor, melhor,
# é o que se pensaria. Vejamos.

# %%
print(say("    step  derivative", "   passo    derivada"))
for step in (1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11, 1e-13, 1e-15):
    quotient = (loss_of(1.5 + step) - loss_of(1.5)) / step
    print(f"{step:8.0e}  {quotient:.10f}")

# %% [markdown] lang="en"
# First it gets better, then it gets worse again! With a large step the curve has time to bend. With a tiny step the
# computer, which keeps only 16 digits, hardly sees any difference between the two losses. The library knows ways out,
# and it says how far its answer can be trusted:
# %% [markdown] lang="pt"
# Primeiro melhora, depois piora de novo! Com um passo grande, a curva tem tempo de se dobrar. Com um passo minúsculo, o
# computador, que só guarda 16 dígitos, quase não vê diferença entre as duas perdas. A biblioteca conhece saídas, e diz
# até onde se pode confiar na resposta:

# %%
found = tg.numerical_gradient(loss_of, 1.5)
print(found.value, "+-", found.error)
assert abs(found.value - 8) <= found.error < 1e-9

# %% [markdown] lang="en"
# ## Third way: by the graph
#
# By hand is exact, but who wants to do it for 250 knobs? Numerically is easy, but each knob needs a new computation of
# the loss. The third way is exact *and* quick, and it is why this library exists. We wrap the weight in a `Value`. From
# then on it remembers everything that is computed with it: first times 2, then minus 1, then squared. This is the
# **computation graph**.
# %% [markdown] lang="pt"
# ## Terceiro caminho: pelo grafo
#
# À mão é exato, mas quem quer fazer isso para 250 botões? Numericamente é fácil, mas cada botão pede que se calcule a
# perda de novo. O terceiro caminho é exato *e* rápido, e é por causa dele que esta biblioteca existe. Embrulhamos o
# peso em um `Value`. Daí em diante fica registrado tudo o que se calcula com ele: primeiro vezes 2, depois menos 1,
# depois ao quadrado. Este é o **grafo de computação**.

# %%
w = Value(1.5, name="w")
loss = loss_of(w)
loss.name = say("loss", "perda")
loss.backward()

print(loss.item(), w.grad)
assert w.grad == 8
show(tg.draw(loss, explain=True), "graph")

# %% [markdown] lang="en"
# From left to right we see how the loss was computed; that is what `data` shows. `loss.backward()` then went from right
# to left and wrote a derivative, `grad`, on each station. On the arrows stand the small factors: times 2, times 1,
# times 4. Multiplied: 2 · 1 · 4 = 8. That was the **chain rule**, and lesson 7 is all about it.
#
# ## Every knob has its own
#
# Now two weights and a bias. The neuron sees 2 and 0.1 and should say 1.
# %% [markdown] lang="pt"
# Da esquerda para a direita, vemos como a perda foi calculada; é o que mostra `data`. Depois `loss.backward()` foi da
# direita para a esquerda e escreveu em cada estação uma derivada, `grad`. Nas setas estão os pequenos fatores: vezes 2,
# vezes 1, vezes 4. Multiplicados: 2 · 1 · 4 = 8. Essa foi a **regra da cadeia**, e a aula 7 é toda sobre ela.
#
# ## Cada botão tem a sua
#
# Agora dois pesos e um viés. O neurônio vê 2 e 0,1 e deve responder 1.

# %%
w1, w2, b = Value(1.5, name="w1"), Value(1.5, name="w2"), Value(0.0, name="b")
loss = (2 * w1 + 0.1 * w2 + b - 1) ** 2
loss.backward()
for knob in (w1, w2, b):
    print(knob.name, knob.grad)

assert np.isclose(w1.grad, 20 * w2.grad)

# %% [markdown] lang="en"
# All three should go down, but not to the same degree. `w1` stands at a large input, and turning it changes a lot. `w2`
# stands at a small one and hardly matters. The derivative tells both: **its sign which way, its size how much it
# matters.** All derivatives together are called the **gradient**.
#
# And the 250? One call of `backward()` finds them all. Let us hold them against the numerical ones: the report says to
# how many digits they agree.
# %% [markdown] lang="pt"
# Os três devem descer, mas não na mesma medida. `w1` está em uma entrada grande, e girá-lo muda muita coisa. `w2` está
# em uma pequena e quase não importa. A derivada diz as duas coisas: **o sinal, para que lado; o tamanho, o quanto
# importa.** Todas as derivadas juntas se chamam **gradiente**.
#
# E as 250? Uma só chamada de `backward()` encontra todas. Vamos conferi-las com as numéricas: o relatório (em inglês)
# diz em quantos dígitos elas concordam.

# %%
rng = np.random.default_rng(0)
model = tg.nn.MLP(10, [8, 8, 8, 2], seed=0)
x, y = rng.normal(size=(4, 10)), np.array([0, 1, 1, 0])

report = tg.check_gradients(model, x, y, loss=tg.nn.cross_entropy)
print(report)
assert report.ok

# %% [markdown] lang="en"
# **A question for you.** For which `w` is the derivative of our first loss, `(2 * w - 1) ** 2`, exactly 0? And what
# does the neuron answer there?
#
# From 8w - 4 = 0 follows w = 0.5. There the neuron says 2 · 0.5 = 1: exactly what it should. At the bottom of the
# valley all is well.
# %% [markdown] lang="pt"
# **Uma pergunta para você.** Para que `w` a derivada da nossa primeira perda, `(2 * w - 1) ** 2`, é exatamente 0? E o
# que o neurônio responde ali?
#
# De 8w - 4 = 0 segue w = 0,5. Ali o neurônio diz 2 · 0,5 = 1: exatamente o que devia. No fundo do vale está tudo bem.

# %%
w = Value(0.5)
loss_of(w).backward()
print(w.grad, 2 * w.data)
assert w.grad == 0

# %% [markdown] lang="en"
# ## What we know now
#
# - A **derivative** says how fast the loss grows when a parameter grows. All of them together are the **gradient**.
# - By hand it is exact, numerically it is easy, by the **graph** it is exact and easy.
# - One must go *against* the derivative.
#
# **Next:** we go. Step by step down into the valley, with three weights at once.
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - Uma **derivada** diz com que rapidez a perda cresce quando um parâmetro cresce. Todas juntas são o **gradiente**.
# - À mão ela é exata, numericamente é fácil, pelo **grafo** é exata e fácil.
# - É preciso ir *contra* a derivada.
#
# **Na próxima aula:** vamos andar. Passo a passo até o fundo do vale, com três pesos de uma vez.
