"""Lesson 8 of the course, spirals: `python examples/course/08_spirals.py --lang pt`; README.md says more."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 8. Spirals
#
# Now we have everything together: a network, a loss, its derivatives, gradient descent. It is time for a task that is
# really difficult. Three arms of a spiral, blue, orange and green, are wound into one another. The network is told the
# two coordinates of a point and must say which arm it belongs to.
# %% [markdown] lang="pt"
# # 8. Espirais
#
# Agora já temos tudo: uma rede, uma perda, as derivadas, o gradiente descendente. Está na hora de uma tarefa difícil de
# verdade. Três braços de uma espiral, azul, laranja e verde, enrolados um no outro. A rede recebe as duas coordenadas
# de um ponto e tem de dizer a que braço ele pertence.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

x, y = tg.datasets.spiral(100, 3, seed=0)
print(x.shape, y.shape, np.bincount(y))

plt.figure(figsize=(4.6, 4.2))
for arm, colour in enumerate(("#3d7ebf", "#e07b27", "#2e9e5b")):
    plt.scatter(*x[y == arm].T, s=14, color=colour)
show(plt, "spiral")

# %% [markdown] lang="en"
# ## First with a ruler
#
# A network without a hidden layer can only draw straight lines, we saw that in lesson 3. Let us see how far it gets.
# `tg.fit` does what we wrote by hand in lesson 6: compute the loss, compute the derivatives, take a step, and again.
# Once through all the data is called an **epoch**.
# %% [markdown] lang="pt"
# ## Primeiro com a régua
#
# Uma rede sem camada oculta só sabe traçar retas, vimos isso na aula 3. Vejamos até onde ela chega. `tg.fit` faz o que
# escrevemos à mão na aula 6: calcular a perda, calcular as derivadas, dar um passo, e de novo. Uma volta por todos os
# dados se chama **época**.

# %%
ruler = tg.nn.MLP(2, [3], seed=0)
history = tg.fit(ruler, x, y, loss="cross_entropy", lr=0.1, batch_size=None, verbose=0)

print(f"{history.accuracy[-1]:.0%}")
assert history.accuracy[-1] < 0.7


def plane(model):
    arms = (say("blue", "azul"), say("orange", "laranja"), say("green", "verde"))
    figure = tg.drawing.decision_boundary(model, x, y, labels=arms)
    figure.axes[0].set_title(say("what the network says of each point", "o que a rede diz de cada ponto"))
    return figure


show(plane(ruler), "ruler")

# %% [markdown] lang="en"
# It does what it can: three sectors like slices of a cake, and only about half of the points are right. One third would
# be pure guessing.
#
# ## Now with hidden layers, and five ways down
#
# We give the network two hidden layers of 64 neurons. And since we are at it, we let five **optimizers** compete. An
# optimizer decides what to make of the derivatives:
#
# - **SGD** is what we know: a step against the gradient.
# - **Momentum** rolls downhill like a ball. It remembers its last steps and gathers speed.
# - **Adagrad** and **RMSprop** give each parameter a step length of its own: where the gradients are large, short
#   steps; where they are small, long ones.
# - **Adam** does both, and is what most people begin with.
#
# All five start from the very same weights (`seed=0`) and take the same number of steps.
# %% [markdown] lang="pt"
# Ela faz o que pode: três setores, como fatias de bolo, e só mais ou menos metade dos pontos certos. Um terço seria
# puro chute.
#
# ## Agora com camadas ocultas, e cinco jeitos de descer
#
# Damos à rede duas camadas ocultas de 64 neurônios. E, já que estamos nisso, fazemos uma corrida entre cinco
# **otimizadores**. O otimizador decide o que fazer com as derivadas:
#
# - **SGD** é o que já conhecemos: um passo contra o gradiente.
# - **Momentum** desce rolando como uma bola. Lembra os últimos passos e ganha embalo.
# - **Adagrad** e **RMSprop** dão a cada parâmetro um tamanho de passo só seu: onde os gradientes são grandes, passos
#   curtos; onde são pequenos, passos longos.
# - **Adam** faz as duas coisas, e é com ele que quase todo mundo começa.
#
# Os cinco partem exatamente dos mesmos pesos (`seed=0`) e dão o mesmo número de passos.

# %%
optimizers = {
    "SGD": lambda p: tg.optim.SGD(p, lr=0.5),
    "RMSprop": lambda p: tg.optim.RMSprop(p, lr=0.005),
    "Adagrad": lambda p: tg.optim.Adagrad(p, lr=0.1),
    "momentum": lambda p: tg.optim.SGD(p, lr=0.5, momentum=0.9),
    "Adam": lambda p: tg.optim.Adam(p, lr=0.02),
}

settings = {"loss": "cross_entropy", "epochs": few(300, quick=80), "batch_size": None, "verbose": 0}
for name, optimizer in optimizers.items():
    model = tg.nn.MLP(2, [64, 64, 3], activation="relu", seed=0)
    history = tg.fit(model, x, y, optimizer=optimizer, **settings)
    plt.semilogy(history.loss, lw=1.5, label=name)
    print(f"{name:8}  loss {history.loss[-1]:.3f}  accuracy {history.accuracy[-1]:.0%}")

plt.xlabel(say("epoch", "época"))
plt.ylabel(say("loss", "perda"))
plt.legend()
show(plt, "optimizers")

# %% [markdown] lang="en"
# What a difference! After the same number of steps, SGD has hardly begun, while Adam is far down. The teeth in the
# curve of momentum come from its boldness: now and then it overshoots, and finds back. (Do not make a religion of it.
# With another learning rate, another one may win.)
#
# The last network is the one that Adam trained. This is what it makes of the plane:
# %% [markdown] lang="pt"
# Que diferença! Depois do mesmo número de passos, o SGD mal começou, enquanto o Adam já está lá embaixo. Os dentes na
# curva do momentum vêm da ousadia dele: de vez em quando passa do ponto, e depois volta. (Não faça disso uma religião.
# Com outra taxa de aprendizado, outro pode ganhar.)
#
# A última rede é a que o Adam treinou. Veja o que ela faz do plano:

# %%
print(f"{history.accuracy[-1]:.0%}")
assert history.accuracy[-1] > few(0.9, quick=0.6)
show(plane(model), "boundary")

# %% [markdown] lang="en"
# Nobody told it what a spiral is. It bent its lines itself, by nothing but derivatives and small steps.
#
# ## Has it learned, or learned by heart?
#
# One more question, the most important of all. These points it has seen hundreds of times. What does it say of points
# that it has never seen? We draw a second spiral from the same recipe.
# %% [markdown] lang="pt"
# Ninguém contou a ela o que é uma espiral. Ela mesma dobrou as suas linhas, só com derivadas e passos pequenos.
#
# ## Ela aprendeu ou decorou?
#
# Mais uma pergunta, a mais importante de todas. Esses pontos ela viu centenas de vezes. O que ela diz de pontos que
# nunca viu? Sorteamos uma segunda espiral com a mesma receita.

# %%
x_new, y_new = tg.datasets.spiral(100, 3, seed=1)
answers = tg.predict(model, x_new).argmax(axis=1)
accuracy = np.mean(answers == y_new)

print(say("seen:", "vistos:"), f"{history.accuracy[-1]:.0%}", say(" new:", " novos:"), f"{accuracy:.0%}")
assert few(0.8, quick=0.5) < accuracy < history.accuracy[-1]

# %% [markdown] lang="en"
# It is still good, but not quite as good.
#
# **A question for you.** Why? Look at the picture again before you read on.
#
# The points do not lie exactly on the spiral, each is moved a little by chance. Near the middle, where the arms come
# close, some lie on the wrong side. Our network has bent its borders around some of these single points, as if there
# were a reason for them. In the new spiral, chance has put other points there. To learn by heart what was mere chance
# is called **overfitting**. What counts is always how well a network does on data that it *has not* seen.
#
# ## What we know now
#
# - `tg.fit` is the loop from lesson 6. An **epoch** is once through all the data.
# - **Optimizers** go different ways down the same mountain; begin with Adam.
# - With hidden layers, borders may be curved.
# - A network must be judged by data that it has not seen; otherwise it may just have learned by heart.
#
# **Next:** no more made-up points. Real cats and real dogs.
# %% [markdown] lang="pt"
# Continua boa, mas não tanto.
#
# **Uma pergunta para você.** Por quê? Olhe a figura de novo antes de continuar.
#
# Os pontos não ficam exatamente em cima da espiral, cada um é deslocado um pouco pelo acaso. Perto do meio, onde os
# braços quase se tocam, alguns caem do lado errado. A nossa rede entortou as suas fronteiras em volta de alguns desses
# pontos isolados, como se houvesse um motivo para eles. Na nova espiral, o acaso pôs ali outros pontos. Decorar o que
# era puro acaso se chama **sobreajuste** (em inglês, *overfitting*). O que vale é sempre como a rede se sai com dados
# que ela *não* viu.
#
# ## O que já sabemos
#
# - `tg.fit` é o laço da aula 6. Uma **época** é uma volta por todos os dados.
# - Os **otimizadores** descem a mesma montanha por caminhos diferentes; comece com o Adam.
# - Com camadas ocultas, as fronteiras podem ser curvas.
# - Uma rede deve ser julgada por dados que ela não viu; do contrário, talvez tenha só decorado.
#
# **Na próxima aula:** chega de pontos inventados. Gatos e cachorros de verdade.
