"""Lesson 7 of the course, backpropagation: `python examples/course/07_backpropagation.py --lang pt`."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 7. Backpropagation
#
# How does `backward()` find 250 derivatives at once? It is less mysterious than it sounds. We take a network so small
# that we can do everything by hand: one input, one hidden neuron with `tanh`, one output neuron. With their biases that
# makes four parameters.
#
# **Forward.** We compute one small step after the other and write down every result.
# %% [markdown] lang="pt"
# # 7. Retropropagação
#
# Como é que `backward()` encontra 250 derivadas de uma vez? É menos misterioso do que parece. Pegamos uma rede tão
# pequena que dá para fazer tudo à mão: uma entrada, um neurônio oculto com `tanh`, um neurônio de saída. Com os vieses,
# são quatro parâmetros.
#
# **Para a frente.** Calculamos um pequeno passo depois do outro e anotamos cada resultado.

# %%
import numpy as np

import tinygrad_br as tg
from tinygrad_br import Value

x, target = 1.5, 1.0
w1, b1, w2, b2 = 0.8, -0.4, 1.2, 0.1

z = w1 * x + b1  # the sum of the hidden neuron | a soma do neurônio oculto
h = np.tanh(z)  # its output | a saída dele
answer = w2 * h + b2  # the output neuron | o neurônio de saída
error = answer - target
loss = error**2

print(f"z {z:.4f}  h {h:.4f}  answer {answer:.4f}  error {error:.4f}  loss {loss:.4f}")

# %% [markdown] lang="en"
# **Backward.** Now we start at the end and always ask the same question: *if this number grows a little, how much does
# the loss grow?*
#
# For the error it is easy. The loss is its square, so the derivative is twice the error. And now comes the trick, the
# **chain rule**: whoever stands one station further back multiplies what is already known by one small local
# derivative. Nothing is ever computed twice.
#
# Go through the lines slowly. Each one is *the one before times something simple*.
# %% [markdown] lang="pt"
# **Para trás.** Agora começamos pelo fim e fazemos sempre a mesma pergunta: *se este número cresce um pouquinho, quanto
# cresce a perda?*
#
# Para o erro é fácil. A perda é o quadrado dele, então a derivada é duas vezes o erro. E agora vem o truque, a **regra
# da cadeia**: quem está uma estação atrás multiplica o que já se sabe por uma pequena derivada local. Nada é calculado
# duas vezes.
#
# Percorra as linhas devagar. Cada uma é *a anterior vezes alguma coisa simples*.

# %%
d_error = 2 * error  # loss = error²
d_answer = d_error * 1  # error = answer - target
d_w2 = d_answer * h  # answer = w2 * h + b2
d_b2 = d_answer * 1
d_h = d_answer * w2
d_z = d_h * (1 - h**2)  # h = tanh(z)
d_w1 = d_z * x  # z = w1 * x + b1
d_b1 = d_z * 1

print(f"w1 {d_w1:.6f}  b1 {d_b1:.6f}  w2 {d_w2:.6f}  b2 {d_b2:.6f}")

# %% [markdown] lang="en"
# That is **backpropagation**. Eight lines for four parameters, and none is harder than a school exercise. It is called
# *back*-propagation since the error travels back through the network, from the answer to the input.
#
# Now the library. It writes down the forward steps as they happen and then makes the same journey back.
# %% [markdown] lang="pt"
# Isto é a **retropropagação**. Oito linhas para quatro parâmetros, e nenhuma é mais difícil do que um exercício de
# escola. Chama-se *retro*propagação porque o erro viaja de volta pela rede, da resposta até a entrada.
#
# Agora a biblioteca. Ela anota os passos para a frente enquanto acontecem e depois faz a mesma viagem de volta.

# %%
W1, B1 = Value(w1, name="w1"), Value(b1, name="b1")
W2, B2 = Value(w2, name="w2"), Value(b2, name="b2")

H = np.tanh(W1 * x + B1)
H.name = "h"
L = (W2 * H + B2 - target) ** 2
L.name = "loss"
L.backward()

for by_hand, parameter in ((d_w1, W1), (d_b1, B1), (d_w2, W2), (d_b2, B2)):
    print(parameter.name, by_hand, parameter.grad)
    assert np.isclose(by_hand, parameter.grad)

# %% [markdown] lang="en"
# The same numbers. And here is the whole journey as a picture. Read it downwards for `data`, upwards for `grad`. On
# each arrow stands the local derivative: the gradient above it is the gradient below it times this factor.
# %% [markdown] lang="pt"
# Os mesmos números. E aqui está a viagem inteira em uma figura. Leia o `data` de cima para baixo e o `grad` de baixo
# para cima. Em cada seta está a derivada local: o gradiente acima dela é o gradiente abaixo dela vezes esse fator.

# %%
show(tg.draw(L, explain=True, direction="TB"), "graph")

# %% [markdown] lang="en"
# If you would rather have it in words, ask the library to explain one single derivative:
# %% [markdown] lang="pt"
# Se preferir em palavras, peça à biblioteca que explique uma única derivada (ela fala inglês, mas os números são os
# nossos):

# %%
print(tg.explain(L, W1))

# %% [markdown] lang="en"
# ## When the path forks
#
# One question is still open. What if a number is used *twice*? Then it acts on the loss by two paths, and what comes
# back by both is **added up**.
# %% [markdown] lang="pt"
# ## Quando o caminho se divide
#
# Falta uma pergunta. E se um número é usado *duas vezes*? Então ele age sobre a perda por dois caminhos, e o que volta
# pelos dois **se soma**.

# %%
a = Value(3.0, name="a")
y = a * a + 2 * a
y.name = "y"
y.backward()
print(tg.explain(y, a))
assert a.grad == 2 * 3 + 2

# %% [markdown] lang="en"
# In a network this happens all the time: each hidden neuron sends its output to *all* neurons of the next layer, and
# from all of them an answer comes back.
#
# ## A whole layer at once
#
# For a real layer with a batch we do the same, only with matrices. Forward it was `x @ W + b`. Backward there are three
# rules. They fit on a slip of paper, and with them one could write a whole framework:
#
# - to the weights goes `x.T @ d`, *what came in times what came back*;
# - to the biases goes the sum of `d` over the batch;
# - to the inputs, and so to the layer before, goes `d @ W.T`.
# %% [markdown] lang="pt"
# Em uma rede isso acontece o tempo todo: cada neurônio oculto manda a sua saída para *todos* os neurônios da camada
# seguinte, e de todos eles volta uma resposta.
#
# ## Uma camada inteira de uma vez
#
# Para uma camada de verdade, com um lote, fazemos o mesmo, só que com matrizes. Para a frente era `x @ W + b`. Para
# trás há três regras. Elas cabem em um pedacinho de papel, e com elas se poderia escrever um framework inteiro:
#
# - para os pesos vai `x.T @ d`, *o que entrou vezes o que voltou*;
# - para os vieses vai a soma de `d` ao longo do lote;
# - para as entradas, e assim para a camada anterior, vai `d @ W.T`.

# %%
rng = np.random.default_rng(0)
x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 2))
model = tg.nn.MLP(3, [5, 2], activation="tanh", seed=0)
first, second = model.layers

hidden = np.tanh(x @ first.weights.data + first.biases.data)
answers = hidden @ second.weights.data + second.biases.data

# %%
d = 2 * (answers - y) / y.size  # mean squared error | erro quadrático médio
d_second_weights, d_second_biases = hidden.T @ d, d.sum(axis=0)
d = d @ second.weights.data.T  # to the layer before | para a camada anterior
d = d * (1 - hidden**2)  # through the tanh | através da tanh
d_first_weights, d_first_biases = x.T @ d, d.sum(axis=0)

tg.nn.mse(model(x), y).backward()
assert np.allclose(d_second_weights, second.weights.grad)
assert np.allclose(d_second_biases, second.biases.grad)
assert np.allclose(d_first_weights, first.weights.grad)
assert np.allclose(d_first_biases, first.biases.grad)
print(say("all equal", "tudo igual"))

# %% [markdown] lang="en"
# **A question for you.** What would happen if we started with all weights at 0? Think of the third rule: `d @ W.T`.
#
# With `W = 0` the output layer passes nothing back: zero times anything is zero. The first layer gets no derivative,
# and does not know which way to go. That is why weights begin with small random numbers.
# %% [markdown] lang="pt"
# **Uma pergunta para você.** O que aconteceria se começássemos com todos os pesos em 0? Pense na terceira regra: `d @
# W.T`.
#
# Com `W = 0`, a camada de saída não passa nada para trás: zero vezes qualquer coisa é zero. A primeira camada não
# recebe derivada nenhuma e não sabe para onde ir. É por isso que os pesos começam com pequenos números sorteados.

# %%
second.weights.data = np.zeros((5, 2))
model.zero_grad()
tg.nn.mse(model(x), y).backward()
print(first.weights.grad)
assert np.all(first.weights.grad == 0)

# %% [markdown] lang="en"
# ## What we know now
#
# - **Backpropagation** goes back through the graph and multiplies by one small **local derivative** at each station.
# - Where paths meet, gradients are **added**.
# - It costs about as much as two or three forward passes, no matter how many parameters there are.
#
# With that you know everything that happens inside. From now on we let it work for us.
#
# **Next:** a task that no straight line can solve.
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - A **retropropagação** volta pelo grafo e multiplica, em cada estação, por uma pequena **derivada local**.
# - Onde os caminhos se encontram, os gradientes **se somam**.
# - Ela custa mais ou menos o mesmo que duas ou três propagações para a frente, não importa quantos parâmetros existam.
#
# Com isso você sabe tudo o que acontece lá dentro. Daqui em diante, vamos deixá-la trabalhar para nós.
#
# **Na próxima aula:** uma tarefa que nenhuma reta resolve.
