"""Lesson 3 of the course, a network: `python examples/course/03_a_network.py --lang pt`; README.md says more."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 3. A network
#
# We have neurons, and we have layers of them. Now we put layers one behind the other: what comes out of the first goes
# into the second, and so on. That is all there is to a **neural network**.
#
# The numbers that come in are the **input layer**. The last layer, whose answers we read, is the **output layer**. What
# lies between them nobody looks at from outside, so these are the **hidden layers**.
#
# Ours shall have 10 inputs, three hidden layers of 8 neurons and 2 outputs, say one for *dog* and one for *cat*. The
# library calls such a network an MLP, a multi-layer perceptron.
# %% [markdown] lang="pt"
# # 3. Uma rede
#
# Já temos neurônios, e já temos camadas de neurônios. Agora pomos as camadas uma atrás da outra: o que sai da primeira
# entra na segunda, e assim por diante. Uma **rede neural** é só isso.
#
# Os números que entram são a **camada de entrada**. A última camada, cujas respostas nós lemos, é a **camada de
# saída**. O que fica no meio ninguém vê de fora, e por isso são as **camadas ocultas**.
#
# A nossa vai ter 10 entradas, três camadas ocultas de 8 neurônios e 2 saídas, digamos uma para *cachorro* e uma para
# *gato*. A biblioteca chama uma rede assim de MLP, do inglês *multi-layer perceptron*.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

model = tg.nn.MLP(10, [8, 8, 8, 2], activation="relu", seed=0)
labels = (say("dog", "cachorro"), say("cat", "gato"))
show(tg.draw(model, labels=labels), "network")

# %% [markdown] lang="en"
# Every line is a weight, every circle but the first ten has a bias. Nobody has taught this network anything yet: its
# weights were drawn by lot, and its biases are all 0.
#
# ## How many numbers can be adjusted?
#
# Let us count by hand. Each neuron has one weight for each of its inputs and one bias.
# %% [markdown] lang="pt"
# Cada linha é um peso, e cada círculo, fora os dez primeiros, tem um viés. Ninguém ensinou nada a esta rede ainda: os
# pesos foram sorteados, e os vieses são todos 0.
#
# ## Quantos números podem ser ajustados?
#
# Vamos contar à mão. Cada neurônio tem um peso para cada uma das suas entradas e um viés.

# %%
weights = biases = 0
for inputs, neurons in [(10, 8), (8, 8), (8, 8), (8, 2)]:
    print(f"{inputs:2} x {neurons} = {inputs * neurons:2}", say("weights,", "pesos,"), neurons, say("biases", "vieses"))
    weights += inputs * neurons
    biases += neurons

print(weights, "+", biases, "=", weights + biases)
assert (weights, biases) == (224, 26)

# %% [markdown] lang="en"
# 224 weights and 26 biases: **250 numbers** in all. They are called the **parameters** of the network, and everything
# that it will ever know is in these 250 numbers. Learning means nothing else than finding good values for them. The
# library counts the same:
# %% [markdown] lang="pt"
# São 224 pesos e 26 vieses: **250 números** ao todo. Eles se chamam **parâmetros** da rede, e tudo o que ela um dia vai
# saber está nesses 250 números. Aprender não é outra coisa senão encontrar bons valores para eles. A biblioteca conta o
# mesmo:

# %%
print(model.summary())
assert sum(p.size for p in model.parameters()) == 250

# %% [markdown] lang="en"
# ## Once through the network
#
# What happens when ten numbers come in? Layer after layer does what we wrote in the last lesson. Here is the whole
# network in one loop. Only the last layer goes without an activation function: its two sums are the answer, and they
# may be negative.
# %% [markdown] lang="pt"
# ## Uma vez através da rede
#
# O que acontece quando entram dez números? Camada após camada faz aquilo que escrevemos na última aula. Aqui está a
# rede inteira em um só laço. Só a última camada não tem função de ativação: as duas somas dela são a resposta, e podem
# ser negativas.

# %%
x = np.random.default_rng(1).normal(size=10)

signal = x
for layer in model.layers:
    signal = signal @ layer.weights.data + layer.biases.data
    if layer is not model.layers[-1]:
        signal = np.maximum(0, signal)

print(say("by hand:    ", "à mão:        "), signal.round(4))
print(say("the library:", "a biblioteca: "), model(x).data.round(4))
assert np.allclose(signal, model(x).data)

# %% [markdown] lang="en"
# Going through from the inputs to the outputs is called the **forward pass**. In the drawing you can watch it: the
# yellower a neuron, the more it fires; the white ones are silent. The answer with the green ring is the larger one, so
# that is what the network says. Of course it is only guessing.
# %% [markdown] lang="pt"
# Atravessar a rede das entradas até as saídas se chama **propagação para a frente** (em inglês, *forward pass*). No
# desenho dá para assistir: quanto mais amarelo um neurônio, mais ele dispara; os brancos estão calados. A resposta com
# o anel verde é a maior, e é o que a rede diz. É claro que ela só está chutando.

# %%
show(tg.draw(model, inputs=x, labels=labels), "network_at_work")

# %% [markdown] lang="en"
# ## What the activation function is for
#
# Why not leave the relu out? Let us try. Two layers without it: `(x @ W1 + b1) @ W2 + b2`. Multiply it out, and it is
# `x @ (W1 @ W2) + (b1 @ W2 + b2)`. That is *one* layer! However many layers we stack, without activation functions they
# do no more than a single one.
# %% [markdown] lang="pt"
# ## Para que serve a função de ativação
#
# Por que não deixar a relu de fora? Vamos experimentar. Duas camadas sem ela: `(x @ W1 + b1) @ W2 + b2`. Desenvolvendo
# a conta, dá `x @ (W1 @ W2) + (b1 @ W2 + b2)`. Isso é *uma* camada! Por mais camadas que a gente empilhe, sem funções
# de ativação elas não fazem mais do que uma só.

# %%
rng = np.random.default_rng(0)
W1, b1 = rng.normal(size=(10, 8)), rng.normal(size=8)
W2, b2 = rng.normal(size=(8, 2)), rng.normal(size=2)

two_layers = (x @ W1 + b1) @ W2 + b2
one_layer = x @ (W1 @ W2) + (b1 @ W2 + b2)
print(two_layers, one_layer)
assert np.allclose(two_layers, one_layer)

# %% [markdown] lang="en"
# We can see it, too. Two networks with one input and one output; one has relus, the other has none.
# %% [markdown] lang="pt"
# E dá para ver. Duas redes com uma entrada e uma saída; uma tem relus, a outra não.

# %%
points = np.linspace(-3, 3, 300).reshape(-1, 1)
for activation, colour in (("linear", "#8a8a8a"), ("relu", "#d9632b")):
    small = tg.nn.MLP(1, [12, 12, 1], activation=activation, seed=3)
    small.layers[0].biases.data = np.linspace(-4, 4, 12)
    small.layers[1].biases.data = np.linspace(-2, 2, 12)
    plt.plot(points, small(points).data, color=colour, label=activation)

plt.xlabel(say("input", "entrada"))
plt.ylabel(say("output", "saída"))
plt.legend()
show(plt, "activation")

# %% [markdown] lang="en"
# Without activation functions the network can only draw a straight line. With them the line gets bends, one for each
# relu, and with enough bends you can draw anything. **The bends make a network more than a ruler.**
#
# **A question for you.** A network for pictures of 28 × 28 pixels has one hidden layer of 64 neurons and 10 outputs.
# How many parameters does it have? Count before you look.
# %% [markdown] lang="pt"
# Sem funções de ativação, a rede só sabe desenhar uma reta. Com elas a reta ganha dobras, uma para cada relu, e com
# dobras suficientes se desenha qualquer coisa. **São as dobras que fazem da rede mais do que uma régua.**
#
# **Uma pergunta para você.** Uma rede para imagens de 28 × 28 pixels tem uma camada oculta de 64 neurônios e 10 saídas.
# Quantos parâmetros ela tem? Conte antes de olhar.

# %%
by_hand = 784 * 64 + 64 + 64 * 10 + 10
counted = sum(p.size for p in tg.nn.MLP(784, [64, 10]).parameters())
print(by_hand, counted)
assert by_hand == counted == 50890

# %% [markdown] lang="en"
# ## What we know now
#
# - A **network** is layers one behind the other: input layer, hidden layers, output layer.
# - Its weights and biases are its **parameters**. Ours has 224 + 26 = 250.
# - Without **activation functions** all layers together are no more than one.
#
# **Next:** our network guesses. Before it can get better, somebody has to tell it how wrong it is.
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - Uma **rede** são camadas uma atrás da outra: camada de entrada, camadas ocultas, camada de saída.
# - Os pesos e os vieses são os seus **parâmetros**. A nossa tem 224 + 26 = 250.
# - Sem **funções de ativação**, todas as camadas juntas não valem mais do que uma.
#
# **Na próxima aula:** a nossa rede só chuta. Antes que ela possa melhorar, alguém tem de lhe dizer o quanto ela errou.
