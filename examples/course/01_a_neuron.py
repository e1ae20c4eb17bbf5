"""Lesson 1 of the course, a neuron: `python examples/course/01_a_neuron.py --lang pt`; README.md says more."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 1. A neuron
#
# A neural network is made of neurons, and a neuron is a small thing: numbers go in, one number comes out. In this
# lesson we build one by hand. All you need is a little Python.
#
# Let us begin with the eye. A camera gives us a picture, a picture is made of pixels, and a pixel has a brightness: 0
# is black, 1 is white, 0.8 is rather bright. Our first neuron looks at one single pixel and answers one question: *is
# it bright?* It says so by firing.
# %% [markdown] lang="pt"
# # 1. Um neurônio
#
# Uma rede neural é feita de neurônios, e um neurônio é uma coisa pequena: entram números, sai um número. Nesta aula
# vamos montar um à mão. Basta saber um pouco de Python.
#
# Comecemos pelo olho. Uma câmera nos dá uma imagem, a imagem é feita de pixels, e cada pixel tem um brilho: 0 é preto,
# 1 é branco, 0,8 é bem claro. O nosso primeiro neurônio olha para um único pixel e responde a uma só pergunta: *ele
# está claro?* Se estiver, o neurônio dispara.
#
# (Duas coisas sobre o código: em Python se escreve `0.8`, com ponto. E os nomes estão em inglês, como em quase todo
# programa: `brightness` é o brilho, `threshold`, o limiar, `fires`, *dispara*, `weights`, os pesos.)

# %%
threshold = 0.5


def fires(brightness):
    return brightness >= threshold


print(fires(0.8), fires(0.3))
assert fires(0.8)
assert not fires(0.3)

# %% [markdown] lang="en"
# ## The bias
#
# Now imagine a cloudy day. The same pixel gives 0.45 instead of 0.55, and our neuron stays silent although it should
# not. It needs a little push. So every neuron has a number of its own that it adds to what it sees: its **bias**. With
# a bias of 0.1 the neuron fires a little below its threshold; with a bias of -0.1 it is harder to wake.
# %% [markdown] lang="pt"
# ## O viés (bias)
#
# Agora imagine um dia nublado. O mesmo pixel dá 0,45 em vez de 0,55, e o nosso neurônio fica calado, embora não
# devesse. Ele precisa de um empurrãozinho. Por isso cada neurônio tem um número só seu, que ele soma ao que vê: o
# **viés** (em inglês, *bias*). Com um viés de 0,1, o neurônio dispara um pouco antes do limiar; com um viés de -0,1,
# fica mais difícil acordá-lo.


# %%
def fires_with(brightness, bias):
    return brightness + bias >= threshold


print(say("brightness   no bias  bias 0.1", "    brilho  sem viés  viés 0,1"))
for brightness in (0.30, 0.35, 0.40, 0.45, 0.50, 0.55):
    without, with_bias = fires_with(brightness, 0.0), fires_with(brightness, 0.1)
    print(f"{brightness:10.2f}  {without!s:>8}  {with_bias!s:>8}")

assert not fires_with(0.45, 0.0)
assert fires_with(0.45, 0.1)

# %% [markdown] lang="en"
# Look at the rows 0.40 and 0.45: the bias made the difference.
#
# Have you noticed? Threshold and bias do the same job. `brightness + bias >= threshold` is the same question as
# `brightness + (bias - threshold) >= 0`. So we do not need two numbers. From now on there is no threshold any more: a
# neuron fires when its sum is above zero, and its bias says how easily that happens. A threshold of 0.5 is a bias of
# -0.5.
#
# ## The weights
#
# A neuron that looks at a single pixel does not see much. Let it look at three. They do not all matter to the same
# degree, so each input gets a factor of its own, its **weight**. A large weight says: *this pixel matters to me.* A
# weight of 0 says: *I do not look there.* A negative weight says: *if this one is bright, it speaks against it.*
#
# The neuron multiplies each input by its weight, adds everything up, and adds its bias. That is all.
# %% [markdown] lang="pt"
# Repare nas linhas 0.40 e 0.45 da tabela: foi o viés que fez a diferença.
#
# Você percebeu? O limiar e o viés fazem o mesmo trabalho. `brightness + bias >= threshold` é a mesma pergunta que
# `brightness + (bias - threshold) >= 0`. Então não precisamos de dois números. Daqui em diante não há mais limiar: o
# neurônio dispara quando a sua soma passa de zero, e o viés diz com que facilidade isso acontece. Um limiar de 0,5 é um
# viés de -0,5.
#
# ## Os pesos
#
# Um neurônio que olha para um só pixel não enxerga muita coisa. Vamos deixá-lo olhar para três. Nem todos têm a mesma
# importância, e por isso cada entrada ganha um fator só seu, o seu **peso**. Um peso grande diz: *este pixel importa
# para mim.* Um peso 0 diz: *para lá eu não olho.* Um peso negativo diz: *se este estiver claro, é um sinal contra.*
#
# O neurônio multiplica cada entrada pelo seu peso, soma tudo e acrescenta o viés. É só isso.

# %%
inputs = [0.9, 0.2, 0.4]
weights = [0.5, -1.0, 2.0]
bias = 0.1

total = bias
for x, w in zip(inputs, weights):
    print(f"{x} * {w:4} = {x * w:5.2f}")
    total += x * w

print(say("and the bias:", "e o viés:"), bias)
print(say("output:", "saída:"), round(total, 2))
assert round(total, 2) == 1.15

# %% [markdown] lang="en"
# The third pixel is not very bright, only 0.4. Still it gives the largest share of the output, since its weight is the
# largest.
#
# The library has such a neuron ready. We give it our weights and our bias, and it must give our output.
# %% [markdown] lang="pt"
# O terceiro pixel nem é muito claro, só 0,4. Mesmo assim é ele que mais contribui para a saída, porque o peso dele é o
# maior.
#
# A biblioteca já traz um neurônio desses. Damos a ele os nossos pesos e o nosso viés, e ele tem de dar a nossa saída.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

neuron = tg.nn.Neuron(3, activation="linear")
neuron.weights.data = weights
neuron.bias.data = bias

output = neuron(inputs)
print(output)
assert abs(output.item() - total) < 1e-12

# %% [markdown] lang="en"
# And it can draw itself: inputs on the left, yellow where they are bright; a line for each weight, thick where the
# weight is large, blue where it is negative; in the circle of the neuron its bias, beside it the output.
# %% [markdown] lang="pt"
# E ele sabe desenhar a si mesmo. À esquerda estão as entradas (*input*), mais amarelas onde há mais brilho. Cada peso é
# uma linha: grossa se o peso é grande, azul se é negativo. No círculo do neurônio está o viés, e ao lado dele, a saída
# (*output*).

# %%
show(tg.draw(neuron, inputs=inputs), "neuron")

# %% [markdown] lang="en"
# ## Yes, no, or perhaps
#
# A neuron that only says yes or no is a stubborn thing: at 0.499 it says no, at 0.501 it says yes, and it never tells
# us that it was close. We want it to answer *a little*, *fairly*, *surely*. So the sum goes through one more function,
# the **activation function**. A well-known one is the sigmoid, `1 / (1 + exp(-sum))`. It turns any sum into a number
# between 0 and 1.
#
# Here is our neuron with one pixel again. Its weight is 20, so that it is quick to make up its mind, and we draw its
# answer to every brightness, for three biases.
# %% [markdown] lang="pt"
# ## Sim, não ou talvez
#
# Um neurônio que só diz sim ou não é cabeça-dura: em 0,499 diz não, em 0,501 diz sim, e nunca conta que foi por pouco.
# Queremos que ele responda *um pouco*, *bastante*, *com certeza*. Para isso a soma passa por mais uma função, a
# **função de ativação**. Uma das mais conhecidas é a sigmoide, `1 / (1 + exp(-soma))`, que transforma qualquer soma em
# um número entre 0 e 1.
#
# Aqui está de novo o nosso neurônio de um só pixel. O peso é 20, para que ele se decida depressa, e desenhamos a
# resposta dele para cada brilho, com três vieses.


# %%
def sigmoid(total):
    return 1 / (1 + np.exp(-total))


brightness = np.linspace(0, 1, 200)
for bias, colour in ((-14, "#8a8a8a"), (-10, "#1f6fb4"), (-6, "#d9632b")):
    plt.plot(brightness, sigmoid(20 * brightness + bias), color=colour, label=say(f"bias {bias}", f"viés {bias}"))

plt.xlabel(say("brightness of the pixel", "brilho do pixel"))
plt.ylabel(say("output of the neuron", "saída do neurônio"))
plt.legend()
show(plt, "bias")

# %% [markdown] lang="en"
# The same curve three times, only moved. That is what a bias does: **it moves the place where a neuron fires.** The
# weight says how steep the step is.
#
# **A question for you.** The weight is 20. Which bias makes the neuron say exactly one half at a brightness of 0.6?
# Think first, then look.
#
# The sigmoid says one half where the sum is zero. So 20 · 0.6 + bias must be 0.
# %% [markdown] lang="pt"
# Três vezes a mesma curva, só que deslocada. É isto que o viés faz: **ele desloca o ponto em que o neurônio dispara.**
# Já o peso diz se o degrau é íngreme ou suave.
#
# **Uma pergunta para você.** O peso é 20. Com que viés o neurônio responde exatamente meio para um brilho de 0,6? Pense
# primeiro, depois olhe.
#
# A sigmoide responde meio onde a soma é zero. Então 20 · 0,6 + viés tem de dar 0.

# %%
bias = -20 * 0.6
print(bias, sigmoid(20 * 0.6 + bias))
assert sigmoid(20 * 0.6 + bias) == 0.5

# %% [markdown] lang="en"
# ## What we know now
#
# - A neuron multiplies each **input** by a **weight**, adds the products up, adds its **bias**, and sends the sum
#   through an **activation function**.
# - The weights say what it looks at. The bias says how easily it fires.
# - The weights and the bias are numbers that can be adjusted. Today we chose them ourselves. In the end, the network
#   will find them on its own.
#
# **Next:** one neuron asks one question. We put several side by side and get a layer.
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - Um neurônio multiplica cada **entrada** por um **peso**, soma os produtos, acrescenta o **viés** e passa a soma por
#   uma **função de ativação**.
# - Os pesos dizem para onde ele olha. O viés diz com que facilidade ele dispara.
# - Os pesos e o viés são números que podem ser ajustados. Hoje fomos nós que os escolhemos. No fim, a rede vai
#   encontrá-los sozinha.
#
# **Na próxima aula:** um neurônio faz uma só pergunta. Vamos pôr vários lado a lado e formar uma camada.
